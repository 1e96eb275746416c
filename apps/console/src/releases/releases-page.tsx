import { Button, Code, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DiscoveryCandidates, DiscoveryStatus } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { countsQuery, discoveryQuery, KEYS, releasesQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { Copyable } from '../frame/copyable.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { Panel } from '../node/panel.tsx';
import { codeText } from '../nodes/badge-text.ts';
import { DEFAULT_SORT } from '../nodes/node-filter.ts';
import { Pill } from '../nodes/pill.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import { useNow } from '../time/now.ts';

/** The manager looks at remotes at most so often, whoever asks. */
const THROTTLE_MS = 15_000;

function CheckNow() {
  const nowMs = useNow();
  const [askedMs, setAskedMs] = useState(0);
  const check = useAct('checkDiscovery', { changes: [KEYS.discovery, KEYS.releases] });
  const waitSecs = Math.ceil(Math.max(0, askedMs + THROTTLE_MS - nowMs) / 1000);
  return (
    <Stack gap="xs" align="flex-end">
      <Button
        variant="default"
        loading={check.isPending}
        disabled={waitSecs > 0}
        onClick={() => {
          setAskedMs(Date.now());
          check.mutate({});
        }}
      >
        {waitSecs > 0 ? `Check again in ${waitSecs} s` : 'Check now'}
      </Button>
      {check.isError && <ErrorNotice error={check.error} />}
    </Stack>
  );
}

function Discovery({ status }: { readonly status: DiscoveryStatus }) {
  if (!status.configured)
    return (
      <Text size="sm" c="dimmed">
        No git remote is configured; releases come from the release source alone.
      </Text>
    );
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {status.checking ? (
          'Looking now.'
        ) : (
          <>
            Looked last: <Moment at={status.checked_at} />.
          </>
        )}
        {status.next_check_at !== null && ` By itself next at ${new Date(status.next_check_at).toLocaleTimeString()}.`}
      </Text>
      <WideTable label="Git remotes" heads={['Device type', 'Remote', 'Newest tag', 'Versions', 'Last answer']}>
        {status.remotes.map((remote) => (
          <Table.Tr key={`${remote.device_type} ${remote.url}`}>
            <Table.Td>{remote.device_type}</Table.Td>
            <Table.Td>
              <code>{remote.url}</code>
            </Table.Td>
            <Table.Td>{remote.newest_version ?? 'none'}</Table.Td>
            <Table.Td>{remote.version_count}</Table.Td>
            <Table.Td>
              <Moment at={remote.checked_at} />
              {remote.error_code !== null && (
                <Text size="sm" c="var(--tg-bad)">
                  {codeText(remote.error_code).meaning} <Code>{remote.error_code}</Code>
                </Text>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </Stack>
  );
}

type Candidates = DiscoveryCandidates['device_types'][number];

function DeviceType({
  name,
  nodes,
  candidates,
}: {
  readonly name: string;
  readonly nodes: number;
  readonly candidates: Candidates | undefined;
}) {
  const releases = useQuery(releasesQuery(useCaller(), name));
  return (
    <Panel id={`type-${name}`} title={name} aside={<Text size="sm" c="dimmed">{`${nodes} ${nodes === 1 ? 'node' : 'nodes'}`}</Text>}>
      <Stack gap="sm">
        {releases.isError && <ErrorNotice error={releases.error} onRetry={() => void releases.refetch()} />}
        {releases.isPending && <Skeleton height={80} radius="md" aria-label={`Loading releases of ${name}`} />}
        {releases.data?.stale && (
          <Notice tone="caution" title="The release source does not answer">
            <span>
              This is its list from <Moment at={releases.data.fetched_at} />.
            </span>
          </Notice>
        )}
        {releases.data?.items.length === 0 && (
          <Text size="sm" c="dimmed">
            The release source lists nothing.
          </Text>
        )}
        {(releases.data?.items.length ?? 0) > 0 && (
          <WideTable label={`Releases of ${name}`} heads={['Version', 'Channel', 'Published', 'Notes']}>
            {releases.data?.items.map((release) => (
              <Table.Tr key={`${release.channel}/${release.version}`}>
                <Table.Td>
                  <code>{release.version}</code>
                </Table.Td>
                <Table.Td>
                  <Group gap={6}>
                    <Pill tone="calm">{release.channel}</Pill>
                    {release.prerelease && <Pill tone="caution">pre-release</Pill>}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <Moment at={release.published_at} />
                </Table.Td>
                <Table.Td>{release.notes}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        {candidates && candidates.items.length > 0 && (
          <>
            <Text size="sm" fw={600}>
              Tags newer than {candidates.above ?? 'anything that runs'}
              {candidates.total > candidates.items.length ? ` (newest ${candidates.items.length} of ${candidates.total})` : ''}
            </Text>
            <WideTable label={`Candidates of ${name}`} heads={['Version', 'Tag', 'Commit']}>
              {candidates.items.map((candidate) => (
                <Table.Tr key={candidate.tag}>
                  <Table.Td>
                    <code>{candidate.version}</code>
                  </Table.Td>
                  <Table.Td>{candidate.tag}</Table.Td>
                  <Table.Td>
                    <Copyable value={candidate.commit} label={`commit of ${candidate.tag}`} length={12} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          </>
        )}
      </Stack>
    </Panel>
  );
}

export function ReleasesPage() {
  const caller = useCaller();
  const may = useMay();
  const discovery = useQuery(discoveryQuery(caller));
  const counts = useQuery(countsQuery(caller, DEFAULT_SORT));
  const candidates = discovery.data?.candidates.device_types ?? [];
  const nodesOf = new Map(counts.data?.device_types.map(({ device_type: name, nodes }) => [name, nodes]));
  const names = [...new Set([...nodesOf.keys(), ...candidates.map(({ device_type: name }) => name)])].sort();
  return (
    <Stack gap="lg">
      <PageHead title="Releases" text="What is offered for each device type. Advisory: every node verifies by itself.">
        {discovery.data?.status.configured && may('discovery.check') && <CheckNow />}
      </PageHead>
      <Panel id="discovery" title="Discovery">
        {discovery.isError && <ErrorNotice error={discovery.error} onRetry={() => void discovery.refetch()} />}
        {discovery.isPending && <Skeleton height={40} radius="md" aria-label="Loading discovery" />}
        {discovery.data && <Discovery status={discovery.data.status} />}
      </Panel>
      {counts.isError && <ErrorNotice error={counts.error} onRetry={() => void counts.refetch()} />}
      {counts.isSuccess && names.length === 0 && <Text c="dimmed">There is no node and no remote yet, so no device type is known.</Text>}
      {names.map((name) => (
        <DeviceType
          key={name}
          name={name}
          nodes={nodesOf.get(name) ?? 0}
          candidates={candidates.find(({ device_type: type }) => type === name)}
        />
      ))}
    </Stack>
  );
}
