import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { UpgradeView } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { upgradesQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import type { Tone } from '../nodes/badge-text.ts';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { Panel } from './panel.tsx';
import styles from './event-list.module.css';

const TONES: Partial<Record<UpgradeView['state'], Tone>> = { committed: 'good', rolled_back: 'bad', failed: 'bad', refused: 'caution' };

/** Everything before the upgrade that is shown in full. */
export function UpgradeHistory({ nodeId, currentId }: { readonly nodeId: string; readonly currentId: string | null }) {
  const upgrades = useQuery(upgradesQuery(useCaller(), nodeId));
  const earlier = upgrades.data?.items.filter((upgrade) => upgrade.id !== currentId) ?? [];
  if (upgrades.isError) return <ErrorNotice error={upgrades.error} onRetry={() => void upgrades.refetch()} />;
  if (earlier.length === 0) return null;
  return (
    <Panel id="history" title="Earlier upgrades">
      <ul className={styles.events}>
        {earlier.map((upgrade) => (
          <li key={upgrade.id} className={styles.event}>
            <Group gap={8}>
              <span className={styles.version}>
                {upgrade.from_version ?? 'unknown'} → {upgrade.version}
              </span>
              <Pill tone={TONES[upgrade.state] ?? 'live'}>{upgrade.state.replaceAll('_', ' ')}</Pill>
              {upgrade.error_code !== null && <code className={styles.code}>{upgrade.error_code}</code>}
            </Group>
            <Text size="xs" c="dimmed">
              by {upgrade.requested_by}, <Moment at={upgrade.requested_at} />
            </Text>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
