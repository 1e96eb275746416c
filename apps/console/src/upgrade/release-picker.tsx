import { Group, Radio, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReleaseView, RequestUpgrade } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { releasesQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { Moment } from '../time/moment.tsx';
import { ReleaseChoice, releaseKey } from './release-choice.tsx';
import { isReleaseVersion } from './version-relation.ts';
import styles from './upgrade-dialog.module.css';

const TYPED = 'typed';

interface Choice {
  readonly key: string | null;
  readonly version: string;
  readonly channel: string;
}
type Chosen = Pick<RequestUpgrade, 'version' | 'channel'>;

const chosenOf = (choice: Choice, releases: readonly ReleaseView[]): Chosen | null => {
  const listed = releases.find((release) => releaseKey(release) === choice.key);
  if (listed) return { version: listed.version, channel: listed.channel };
  return choice.key === TYPED && isReleaseVersion(choice.version) ? { version: choice.version, channel: choice.channel || 'stable' } : null;
};

/** What is offered for a device type, and what of it was chosen; `chosen` is null until that is a whole version. */
export const useReleaseChoice = (deviceType: string) => {
  const releases = useQuery({ ...releasesQuery(useCaller(), deviceType), enabled: deviceType !== '' });
  const [choice, setChoice] = useState<Choice>({ key: null, version: '', channel: '' });
  return { deviceType, releases, choice, setChoice, chosen: chosenOf(choice, releases.data?.items ?? []) };
};
type ReleaseChosen = ReturnType<typeof useReleaseChoice>;

function TypedVersion({ choice, setChoice }: Pick<ReleaseChosen, 'choice' | 'setChoice'>) {
  const isWrong = choice.key === TYPED && choice.version !== '' && !isReleaseVersion(choice.version);
  const set = (change: Partial<Choice>) => setChoice({ ...choice, ...change, key: TYPED });
  return (
    <Group gap="sm" align="flex-start" grow preventGrowOverflow={false}>
      <TextInput
        label="Or another version"
        placeholder="1.4.2"
        maxLength={64}
        value={choice.version}
        error={isWrong && 'An exact version such as 1.4.2, without a leading v.'}
        onChange={(event) => set({ version: event.currentTarget.value.trim() })}
      />
      <TextInput
        label="Its channel"
        placeholder="stable"
        maxLength={32}
        value={choice.channel}
        onChange={(event) => set({ channel: event.currentTarget.value.trim() })}
      />
    </Group>
  );
}

interface ReleasePickerProps {
  readonly of: ReleaseChosen;
  /** What runs now; null where that is not one version. */
  readonly running: string | null;
}
/** The newest releases of a device type to choose from, and a field for any other. */
export function ReleasePicker({ of: { deviceType, releases, choice, setChoice }, running }: ReleasePickerProps) {
  return (
    <>
      {releases.isError && <ErrorNotice error={releases.error} onRetry={() => void releases.refetch()} />}
      {releases.data?.stale && (
        <Notice tone="caution" title="The release source does not answer">
          This is its list from <Moment at={releases.data.fetched_at} />.
        </Notice>
      )}
      {releases.isPending && (
        <Stack gap={8} role="status" aria-label="Loading releases">
          {[0, 1, 2].map((index) => (
            <Skeleton key={index} height={58} radius="md" />
          ))}
        </Stack>
      )}
      {releases.data?.items.length === 0 && (
        <Text c="dimmed" size="sm">
          The release source lists nothing for {deviceType}. You can type a version below.
        </Text>
      )}
      {(releases.data?.items.length ?? 0) > 0 && (
        <Radio.Group label={`Newest releases of ${deviceType}`} value={choice.key} onChange={(key) => setChoice({ ...choice, key })}>
          <div className={styles.releases}>
            {releases.data?.items.map((release) => (
              <ReleaseChoice key={releaseKey(release)} release={release} running={running} />
            ))}
          </div>
        </Radio.Group>
      )}
      <TypedVersion choice={choice} setChoice={setChoice} />
    </>
  );
}
