import { Anchor, Button, Code, Group, NativeSelect, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listTargets, TARGET_STATES, type RolloutView, type TargetView } from '@tidegate/contract-api';
import { useState } from 'react';
import { Link } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import filterStyles from '../frame/filters.module.css';
import { useUrlFields } from '../frame/use-url-fields.ts';
import { WideTable } from '../frame/wide-table.tsx';
import { Panel } from '../node/panel.tsx';
import { codeText } from '../nodes/badge-text.ts';
import { Pill } from '../nodes/pill.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import { ROLLOUTS, targetsQuery } from './rollout-queries.ts';
import { canBeSkipped, stateText } from './rollout-text.ts';

const FIELDS = ['state', 'wave'] as const;
const HEALTH = { ok: null, lost: 'fell silent', regressed: 'got worse' } as const;

function SkipDialog({ rollout, target, onClose }: SkipDialogProps) {
  const act = useAct('skipRolloutNode', { changes: [ROLLOUTS], onDone: onClose });
  return (
    <Dialog title={`Skip ${target.name}`} isOpen onClose={onClose}>
      <ActForm
        submit="Skip the node"
        act={act}
        onClose={onClose}
        onSubmit={() => act.mutate({ parameters: { id: rollout.id }, body: { node_id: target.node_id } })}
      >
        <Text size="sm">This rollout leaves the node out. It stays on what it runs, and counts as no failure.</Text>
      </ActForm>
    </Dialog>
  );
}
interface SkipDialogProps {
  readonly rollout: RolloutView;
  readonly target: TargetView;
  readonly onClose: () => void;
}

interface TargetRowProps {
  readonly target: TargetView;
  /** Null where it cannot be skipped. */
  readonly onSkip: (() => void) | null;
}
function TargetRow({ target, onSkip }: TargetRowProps) {
  const [word, tone] = stateText(target.state);
  const health = HEALTH[target.health];
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} size="sm" to={`/admin/nodes/${target.node_id}`}>
          {target.name}
        </Anchor>
      </Table.Td>
      <Table.Td>{target.wave + 1}</Table.Td>
      <Table.Td>
        <Group gap={6}>
          <Pill tone={tone}>{word}</Pill>
          {health !== null && <Pill tone="bad">{health}</Pill>}
        </Group>
      </Table.Td>
      <Table.Td>
        {target.error_code !== null && (
          <>
            <Code>{target.error_code}</Code>
            <Text size="xs" c="dimmed">
              {codeText(target.error_code).meaning}
            </Text>
          </>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={target.changed_at} />
      </Table.Td>
      <Table.Td ta="right">
        {onSkip && (
          <Button size="compact-sm" variant="default" aria-label={`Skip ${target.name}…`} onClick={onSkip}>
            Skip…
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
const TARGET_HEADS = ['Node', 'Wave', 'State', 'Code', 'Changed', ''] as const;

interface TargetPagesProps {
  readonly rollout: RolloutView;
  readonly filters: Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;
}
/** One page at a time, so that a rollout of 100,000 nodes asks for no more than what is looked at. */
function TargetPages({ rollout, filters }: TargetPagesProps) {
  const may = useMay();
  /** Cursors of the pages up to this one. */
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const [skipped, skip] = useState<TargetView | null>(null);
  const targets = useQuery(targetsQuery(useCaller(), rollout, filters, cursors.at(-1) ?? null));
  const next = targets.data?.next_cursor ?? null;
  const canSkip = rollout.ended_at === null && may('rollout.manage', { groupId: rollout.group_id });
  return (
    <>
      {targets.isError && <ErrorNotice error={targets.error} onRetry={() => void targets.refetch()} />}
      {targets.isPending && <Skeleton height={120} radius="md" aria-label="Loading nodes of the rollout" />}
      {targets.data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          No node of this rollout matches.
        </Text>
      )}
      {(targets.data?.items.length ?? 0) > 0 && (
        <WideTable label="Nodes of the rollout" heads={TARGET_HEADS}>
          {targets.data?.items.map((target) => (
            <TargetRow key={target.node_id} target={target} onSkip={canSkip && canBeSkipped(target.state) ? () => skip(target) : null} />
          ))}
        </WideTable>
      )}
      {(cursors.length > 1 || next !== null) && (
        <Group gap="xs">
          <Button variant="default" size="xs" disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
            Back
          </Button>
          <Button
            variant="default"
            size="xs"
            disabled={next === null || targets.isPlaceholderData}
            onClick={() => setCursors([...cursors, next])}
          >
            Next
          </Button>
          <Text size="xs" c="dimmed">
            page {cursors.length}
          </Text>
        </Group>
      )}
      {skipped && <SkipDialog rollout={rollout} target={skipped} onClose={() => skip(null)} />}
    </>
  );
}

export function TargetTable({ rollout }: { readonly rollout: RolloutView }) {
  const { values, set } = useUrlFields(listTargets.shape, FIELDS);
  const waves = rollout.waves.map((_, index) => ({ value: String(index), label: `wave ${index + 1}` }));
  const states = TARGET_STATES.map((state) => ({ value: state, label: stateText(state)[0] }));
  return (
    <Panel id="nodes" title="Nodes">
      <Stack gap="sm">
        <div className={filterStyles.filters} role="search">
          <NativeSelect
            label="State of the node"
            data={[{ value: '', label: 'All' }, ...states]}
            value={values.state ?? ''}
            onChange={(event) => set('state', event.currentTarget.value)}
          />
          <NativeSelect
            label="Wave"
            data={[{ value: '', label: 'All' }, ...waves]}
            value={values.wave ?? ''}
            onChange={(event) => set('wave', event.currentTarget.value)}
          />
        </div>
        <TargetPages key={`${values.state ?? ''} ${values.wave ?? ''}`} rollout={rollout} filters={values} />
      </Stack>
    </Panel>
  );
}
