import { Anchor, Button, Checkbox, Group, NativeSelect, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { BeginRollout, GroupView } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { ApiRefusal } from '../api/caller.ts';
import { countsQuery, groupQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { Panel } from '../node/panel.tsx';
import { DEFAULT_SORT } from '../nodes/node-filter.ts';
import { ReleasePicker, useReleaseChoice } from '../upgrade/release-picker.tsx';
import { PlanPreview } from './plan-preview.tsx';
import { ROLLOUTS } from './rollout-queries.ts';
import { NEW_DRAFT, readDraft } from './strategy-draft.ts';
import { StrategyFields } from './strategy-fields.tsx';
import styles from './rollouts.module.css';

const isRefused = (error: unknown, code: string): boolean => error instanceof ApiRefusal && error.code === code;

function RolloutForm({ group, deviceTypes }: { readonly group: GroupView; readonly deviceTypes: readonly string[] }) {
  const navigate = useNavigate();
  const [deviceType, setDeviceType] = useState(deviceTypes.length === 1 ? (deviceTypes[0] ?? '') : '');
  const release = useReleaseChoice(deviceType);
  const [draft, setDraft] = useState(NEW_DRAFT);
  const [supersede, setSupersede] = useState(false);
  const [previewed, setPreviewed] = useState('');
  const preview = useAct('beginRollout', { changes: [] });
  const begin = useAct('beginRollout', {
    changes: [ROLLOUTS],
    onDone: ({ rollout }) => rollout && void navigate(`/admin/rollouts/${rollout.id}`),
  });
  const { strategy, faults } = readDraft(draft);
  const body: BeginRollout | null = release.chosen && strategy && { ...release.chosen, device_type: deviceType, strategy };
  const asked = JSON.stringify(body);
  // What is begun is what was looked at: any change asks for another look.
  const isPreviewed = body !== null && preview.isSuccess && asked === previewed;
  const parameters = { id: group.id };
  const look = (event: FormEvent) => {
    event.preventDefault();
    if (body === null) return;
    setPreviewed(asked);
    begin.reset();
    preview.mutate({ parameters, body: { ...body, dry_run: true } });
  };
  return (
    <div className={styles.columns}>
      <Panel id="rollout" title="What, and how">
        <form onSubmit={look}>
          <Stack gap="md">
            {deviceTypes.length > 1 && (
              <NativeSelect
                label="Device type"
                data={['', ...deviceTypes]}
                value={deviceType}
                onChange={(event) => setDeviceType(event.currentTarget.value)}
              />
            )}
            {deviceType !== '' && <ReleasePicker of={release} running={null} />}
            <StrategyFields draft={draft} faults={faults} onChange={(change) => setDraft({ ...draft, ...change })} />
            {preview.isError && asked === previewed && <ErrorNotice error={preview.error} />}
            <Button type="submit" w="fit-content" variant={isPreviewed ? 'default' : 'filled'} disabled={!body} loading={preview.isPending}>
              Preview
            </Button>
          </Stack>
        </form>
      </Panel>
      <Stack gap="lg">
        {!isPreviewed && (
          <Text c="dimmed" size="sm">
            Choose a release, then look at who would be upgraded when. Nothing begins before you start it.
          </Text>
        )}
        {isPreviewed && preview.data && (
          <>
            <PlanPreview plan={preview.data} />
            {begin.isError && <ErrorNotice error={begin.error} />}
            {(supersede || isRefused(begin.error, 'rollout_active')) && (
              <Checkbox
                label="Put this one in its place"
                description="The one that runs ends where it is; what has left for a node goes on."
                checked={supersede}
                onChange={(event) => setSupersede(event.currentTarget.checked)}
              />
            )}
            <Group>
              <Button loading={begin.isPending} onClick={() => begin.mutate({ parameters, body: { ...body, supersede } })}>
                Start
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </div>
  );
}

export function BeginRolloutPage() {
  const { id = '' } = useParams();
  const caller = useCaller();
  const group = useQuery(groupQuery(caller, id));
  const name = group.data?.name ?? '';
  const counts = useQuery({ ...countsQuery(caller, { ...DEFAULT_SORT, group: name }), enabled: name !== '' });
  if (group.isError) return <ErrorNotice error={group.error} onRetry={() => void group.refetch()} />;
  if (counts.isError) return <ErrorNotice error={counts.error} onRetry={() => void counts.refetch()} />;
  if (!group.data || !counts.data) return <Skeleton height={240} radius="md" aria-label="Loading the group" />;
  const deviceTypes = counts.data.device_types.filter(({ nodes }) => nodes > 0).map(({ device_type: type }) => type);
  return (
    <Stack gap="md">
      <Anchor component={Link} size="sm" w="fit-content" to={`/admin/groups/${id}`}>
        Group {name}
      </Anchor>
      <PageHead title={`Roll out to ${name}`} text="Every node verifies the release by itself, whatever is chosen here." />
      {deviceTypes.length === 0 ? (
        <Text c="dimmed">This group has no node yet. Add nodes to it first; then there is something to roll out to.</Text>
      ) : (
        <RolloutForm group={group.data} deviceTypes={deviceTypes} />
      )}
    </Stack>
  );
}
