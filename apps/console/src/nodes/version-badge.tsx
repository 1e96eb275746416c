import { Loader, Stack, Text, Tooltip } from '@mantine/core';
import type { NodeView } from '@tidegate/contract-api';
import { Link } from 'react-router';
import { relativeTime } from '../time/relative-time.ts';
import { useNow } from '../time/now.ts';
import { badgeText } from './badge-text.ts';
import { Pill } from './pill.tsx';
import styles from './version-badge.module.css';

/** The running version and what the newest upgrade made of it. The badge leads to the steps; hover or focus tells why. */
export function VersionBadge({ node }: { readonly node: NodeView }) {
  const nowMs = useNow();
  const badge = badgeText(node);
  const { since } = node.badge;
  return (
    <span className={styles.cell}>
      <span className={styles.version}>{node.software_version ?? 'unknown'}</span>
      {badge && (
        <Tooltip
          multiline
          maw={340}
          events={{ hover: true, focus: true, touch: true }}
          label={
            <Stack gap={3}>
              {badge.error && (
                <Text size="xs" ff="monospace" fw={700}>
                  {badge.error.code}
                </Text>
              )}
              {badge.error && <Text size="sm">{badge.error.meaning}</Text>}
              {badge.error && <Text size="sm">{badge.error.hint}</Text>}
              <Text size="xs">
                {badge.text}
                {node.badge.to_version !== null && badge.tone !== 'live' ? ` (${node.badge.to_version})` : ''}
                {since === null ? '' : `, ${relativeTime(since, nowMs)}`}
              </Text>
            </Stack>
          }
        >
          <Link to={`/admin/nodes/${node.id}#upgrade`} className={styles.badge} data-kind={node.badge.kind}>
            <Pill tone={badge.tone} fraction={badge.fraction}>
              {badge.tone === 'live' && <Loader size={11} color="currentColor" aria-hidden="true" />}
              {badge.text}
            </Pill>
          </Link>
        </Tooltip>
      )}
    </span>
  );
}
