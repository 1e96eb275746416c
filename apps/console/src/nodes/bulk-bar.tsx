import { Button, Group, List, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { updateNode, type NodeView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import type { Caller } from '../api/caller.ts';
import { KEYS } from '../api/queries.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { targetOf, type May } from '../session/use-may.ts';
import styles from './bulk-bar.module.css';

const WAYS = {
  maintenance: { title: 'Start maintenance', field: 'Why', placeholder: 'Moving to another rack', action: 'node.maintenance' },
  label: { title: 'Set a label', field: 'Label', placeholder: 'site=quay', action: 'node.label' },
  end: { title: 'End maintenance', field: null, placeholder: '', action: 'node.maintenance' },
} as const;
type Way = keyof typeof WAYS;

const labelOf = (text: string): Record<string, string> => {
  const [key = '', ...value] = text.trim().split('=');
  return { [key]: value.join('=') };
};
const isFit = (way: Way, text: string): boolean =>
  way === 'end' || (way === 'label' ? updateNode.safeParse({ labels: labelOf(text) }).success : text.trim() !== '');

const actOn = (caller: Caller, way: Way, node: NodeView, text: string): Promise<unknown> => {
  const parameters = { id: node.id };
  if (way === 'maintenance') return caller.ask('startNodeMaintenance', { parameters, body: { reason: text.trim() } });
  if (way === 'end') return caller.ask('endNodeMaintenance', { parameters });
  return caller.ask('updateNode', { parameters, body: { labels: labelOf(text) }, revision: node.revision });
};

interface Failed {
  readonly node: NodeView;
  readonly error: unknown;
}

function BulkForm({ way, nodes, onClose }: { readonly way: Way; readonly nodes: readonly NodeView[]; readonly onClose: () => void }) {
  const caller = useCaller();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [done, setDone] = useState(0);
  const act = useMutation({
    // One after the other: a refusal of one node must not keep the others from it, and the manager need not take them all at once.
    mutationFn: async () => {
      const failed: Failed[] = [];
      for (const [index, node] of nodes.entries()) {
        await actOn(caller, way, node, text).catch((error: unknown) => failed.push({ node, error }));
        setDone(index + 1);
      }
      return failed;
    },
    onSuccess: (failed) => failed.length === 0 && onClose(),
    onSettled: () => {
      for (const queryKey of [KEYS.lists, KEYS.counts, KEYS.nodeDetails]) void client.invalidateQueries({ queryKey });
    },
  });
  const { title, field, placeholder } = WAYS[way];
  return (
    <ActForm submit={title} isReady={isFit(way, text)} act={act} onClose={onClose} onSubmit={() => act.mutate()}>
      {field !== null && (
        <TextInput
          label={field}
          placeholder={placeholder}
          maxLength={200}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      <Text size="sm" fw={600}>
        {nodes.length === 1 ? 'One node' : `${nodes.length} nodes`}
      </Text>
      <List size="sm" className={styles.nodes}>
        {nodes.map((node) => (
          <List.Item key={node.id}>
            {node.name} <Text component="span" size="sm" c="dimmed">{`(${node.group})`}</Text>
          </List.Item>
        ))}
      </List>
      {act.isPending && <Progress value={(100 * done) / nodes.length} aria-label={`${done} of ${nodes.length} done`} />}
      {act.data?.map(({ node, error }) => (
        <Stack key={node.id} gap={4}>
          <Text size="sm">{node.name}</Text>
          <ErrorNotice error={error} />
        </Stack>
      ))}
    </ActForm>
  );
}

/** What can be done with the selected rows; shows the list once more before it is done. */
export function BulkBar({ nodes, may, onClear }: { readonly nodes: readonly NodeView[]; readonly may: May; readonly onClear: () => void }) {
  const [way, setWay] = useState<Way | null>(null);
  const able = (candidate: Way) => nodes.filter((node) => may(WAYS[candidate].action, targetOf(node)));
  if (nodes.length === 0) return null;
  return (
    <Group className={styles.bar} gap="sm" role="region" aria-label="Selected nodes">
      <Text size="sm" fw={600}>
        {nodes.length} selected
      </Text>
      {(Object.keys(WAYS) as Way[]).map((candidate) => (
        <Button
          key={candidate}
          size="compact-sm"
          variant="default"
          disabled={able(candidate).length === 0}
          onClick={() => setWay(candidate)}
        >
          {WAYS[candidate].title}…
        </Button>
      ))}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear
      </Button>
      <Dialog title={way === null ? '' : WAYS[way].title} isOpen={way !== null} onClose={() => setWay(null)}>
        {way !== null && <BulkForm way={way} nodes={able(way)} onClose={() => setWay(null)} />}
      </Dialog>
    </Group>
  );
}
