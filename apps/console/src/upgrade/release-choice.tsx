import { Group, Radio, Stack, Text } from '@mantine/core';
import type { ReleaseView } from '@tidegate/contract-api';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { versionRelation } from './version-relation.ts';
import styles from './upgrade-dialog.module.css';

export const releaseKey = ({ version, channel }: Pick<ReleaseView, 'version' | 'channel'>): string => `${channel}/${version}`;

function Relation({ version, running }: { readonly version: string; readonly running: string | null }) {
  const relation = versionRelation(version, running);
  if (relation === 'running') return <Pill tone="good">runs now</Pill>;
  if (relation === 'older') return <Pill tone="caution">return to older</Pill>;
  return null;
}

export function ReleaseChoice({ release, running }: { readonly release: ReleaseView; readonly running: string | null }) {
  return (
    <Radio.Card value={releaseKey(release)} className={styles.release} radius="md" aria-label={`${release.version}, ${release.channel}`}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Radio.Indicator mt={3} />
        <Stack gap={3} className={styles.releaseText}>
          <Group gap={8}>
            <span className={styles.version}>{release.version}</span>
            <Pill tone="calm">{release.channel}</Pill>
            {release.prerelease && <Pill tone="caution">pre-release</Pill>}
            <Relation version={release.version} running={running} />
            <Text component="span" size="xs" c="dimmed" ml="auto">
              <Moment at={release.published_at} />
            </Text>
          </Group>
          {release.notes !== '' && (
            <Text size="sm" c="dimmed" lineClamp={2} className={styles.notes}>
              {release.notes}
            </Text>
          )}
        </Stack>
      </Group>
    </Radio.Card>
  );
}
