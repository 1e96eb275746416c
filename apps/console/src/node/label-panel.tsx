import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { replaceLabels, type NodeView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { CrossIcon } from '../frame/icons.tsx';
import { Pill } from '../nodes/pill.tsx';
import { targetOf, useMay } from '../session/use-may.ts';
import { changesOfNode } from './changes-of-node.ts';
import { withLabel, withoutLabel } from './label-edit.ts';
import { Panel } from './panel.tsx';

/** Each change is saved at once and can be taken back. */
export function LabelPanel({ node }: { readonly node: NodeView }) {
  const may = useMay()('node.label', targetOf(node)) && node.removed_at === null;
  const [text, setText] = useState('');
  const save = useAct('replaceNodeLabels', { changes: changesOfNode(node.id) });
  const replace = (labels: NodeView['labels'], revision: number, said: string | null) =>
    save.mutate(
      { parameters: { id: node.id }, body: { labels }, revision },
      {
        onSuccess: (after) => {
          setText('');
          if (said === null) return;
          const id = notifications.show({
            color: 'tide',
            title: said,
            message: (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  notifications.hide(id);
                  replace(node.labels, after.revision, null);
                }}
              >
                Undo
              </Button>
            ),
          });
        },
      },
    );
  const added = withLabel(node.labels, text);
  const isWrong = text !== '' && !replaceLabels.safeParse({ labels: added }).success;
  return (
    <Panel id="labels" title="Labels">
      <Stack gap="sm">
        {Object.keys(node.labels).length === 0 && (
          <Text size="sm" c="dimmed">
            None. Labels choose nodes in searches and rollouts.
          </Text>
        )}
        <Group gap={6}>
          {Object.entries(node.labels).map(([key, value]) => (
            <Pill key={key} tone="calm">
              {value === '' ? key : `${key}=${value}`}
              {may && (
                <ActionIcon
                  size={24}
                  variant="transparent"
                  c="inherit"
                  aria-label={`Take label ${key} away`}
                  onClick={() => replace(withoutLabel(node.labels, key), node.revision, `Label ${key} taken away`)}
                >
                  <CrossIcon size={12} />
                </ActionIcon>
              )}
            </Pill>
          ))}
        </Group>
        {may && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (text !== '' && !isWrong) replace(added, node.revision, 'Label set');
            }}
          >
            <Group gap="xs" align="flex-start">
              <TextInput
                aria-label="New label"
                placeholder="site=quay or canary"
                maxLength={200}
                value={text}
                error={isWrong && 'key=value or key; small letters, digits and . _ / - in the key.'}
                onChange={(event) => setText(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" disabled={text === '' || isWrong} loading={save.isPending}>
                Set
              </Button>
            </Group>
          </form>
        )}
        {save.isError && <ErrorNotice error={save.error} />}
      </Stack>
    </Panel>
  );
}
