import { Group, Text } from '@mantine/core';
import type { RolloutCounts } from '@tidegate/contract-api';
import { Pill } from '../nodes/pill.tsx';
import { segmentsOf } from './rollout-text.ts';
import styles from './rollouts.module.css';

/** The nodes of a wave by what became of them. The picture adds nothing to the words beside it. */
export function WaveBar({ counts }: { readonly counts: RolloutCounts }) {
  const segments = segmentsOf(counts);
  const ended = segments.reduce((sum, { nodes }) => sum + nodes, 0);
  return (
    <div className={styles.bar} aria-hidden="true">
      {segments.map(({ word, tone, nodes }) => (
        <span key={word} className={styles.segment} data-tone={tone} style={{ flexGrow: nodes }} />
      ))}
      {counts.total > ended && <span style={{ flexGrow: counts.total - ended }} />}
    </div>
  );
}

export function WaveCounts({ counts }: { readonly counts: RolloutCounts }) {
  return (
    <Group gap={6}>
      {segmentsOf(counts).map(({ word, tone, nodes }) => (
        <Pill key={word} tone={tone}>
          {nodes.toLocaleString()} {word}
        </Pill>
      ))}
      {counts.pending > 0 && (
        <Text size="xs" c="dimmed">
          {counts.pending.toLocaleString()} pending
          {counts.waiting_offline > 0 && `, ${counts.waiting_offline.toLocaleString()} of them offline and waited for`}
        </Text>
      )}
      {counts.removed > 0 && (
        <Text size="xs" c="dimmed">
          {counts.removed.toLocaleString()} removed
        </Text>
      )}
    </Group>
  );
}
