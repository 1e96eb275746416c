import { Anchor, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RolloutExplanation, RolloutView } from '@tidegate/contract-api';
import { Link, useParams } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { Copyable } from '../frame/copyable.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { Panel } from '../node/panel.tsx';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { localText } from '../time/relative-time.ts';
import { PhasePill } from './phase-pill.tsx';
import { RolloutActs } from './rollout-acts.tsx';
import { RolloutFacts } from './rollout-facts.tsx';
import { rolloutQuery } from './rollout-queries.ts';
import { phaseText, phaseWord, reasonText, stateText, timesApart } from './rollout-text.ts';
import { TargetTable } from './target-table.tsx';
import { TimeUntil } from './time-until.tsx';
import { WaveBar, WaveCounts } from './wave-bar.tsx';
import styles from './rollouts.module.css';

function Standing({ explanation: { rollout, sentence, until, nodes } }: { readonly explanation: RolloutExplanation }) {
  return (
    <Panel id="standing" title="Where it stands" aside={<PhasePill rollout={rollout} />}>
      <Stack gap={6}>
        <Text size="sm">
          {reasonText(rollout.reason)}{' '}
          <Text component="span" size="sm" c="dimmed">
            <Moment at={rollout.changed_at} />
          </Text>
        </Text>
        {sentence !== '' && (
          <Text size="sm">
            {timesApart(sentence).map((part, index) =>
              index % 2 === 0 ? part : <Moment key={part} at={part} instead={localText(part)} />,
            )}
          </Text>
        )}
        {/* Latecomers: then it ends, rather than going on; the sentence says so. */}
        {until !== null && rollout.waits_for !== 'latecomers' && (
          <Text size="sm" c="dimmed">
            It goes on by itself <TimeUntil at={until} />.
          </Text>
        )}
        {nodes.length > 0 && (
          <Group gap={6} role="list" aria-label="Nodes it is about">
            {nodes.map((node) => (
              <span key={node.node_id} role="listitem">
                <Pill tone={stateText(node.state)[1]}>
                  <Anchor component={Link} inherit c="inherit" underline="always" to={`/admin/nodes/${node.node_id}`}>
                    {node.name}
                  </Anchor>{' '}
                  {stateText(node.state)[0]}
                </Pill>
              </span>
            ))}
          </Group>
        )}
      </Stack>
    </Panel>
  );
}

function standingOfWave({ wave, phase, reason, ended_at: endedAt }: RolloutView, index: number): string {
  if (index < wave) return 'done';
  if (index > wave) return endedAt === null ? 'to come' : 'never begun';
  return phaseText(phase, reason)[0];
}

function Waves({ rollout }: { readonly rollout: RolloutView }) {
  const { waves, settle_until: settleUntil, wave: current } = rollout;
  return (
    <Panel id="waves" title="Waves">
      <ol className={styles.list}>
        {waves.map((counts, wave) => (
          <li key={wave}>
            <div className={styles.line}>
              <Text size="sm" fw={600}>
                Wave {wave + 1}: {counts.committed.toLocaleString()} of {counts.total.toLocaleString()} committed
              </Text>
              <Text size="sm" c="dimmed">
                {standingOfWave(rollout, wave)}
                {wave === current && rollout.phase === 'settling' && settleUntil !== null && (
                  <>
                    , settled <TimeUntil at={settleUntil} />
                  </>
                )}
              </Text>
            </div>
            <WaveBar counts={counts} />
            <WaveCounts counts={counts} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Transitions({ transitions }: Pick<RolloutExplanation, 'transitions'>) {
  return (
    <Panel id="transitions" title="What happened">
      <ol className={styles.list} reversed>
        {transitions.map(({ from, to, reason, wave, actor, at }) => (
          <li key={`${at} ${to} ${reason} ${wave}`}>
            <div className={styles.line}>
              <Text size="sm" fw={600}>
                {from !== null && from !== to && `${phaseWord(from)} → `}
                {phaseText(to, reason)[0]}
                {wave >= 0 && `, wave ${wave + 1}`}
              </Text>
              <Text size="xs" c="dimmed">
                <Moment at={at} />
              </Text>
            </div>
            <Text size="sm" c="dimmed">
              {reasonText(reason)} By {actor}.
            </Text>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

export function RolloutPage() {
  const { id = '' } = useParams();
  const query = useQuery(rolloutQuery(useCaller(), id));
  const rollout = query.data?.rollout;
  return (
    <Stack gap="lg">
      <Anchor component={Link} size="sm" w="fit-content" to="/admin/rollouts">
        All rollouts
      </Anchor>
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={160} radius="md" aria-label="Loading the rollout" />}
      {query.data && rollout && (
        <>
          <PageHead title={`${rollout.version} to ${rollout.group}`} text={<Copyable value={rollout.id} label="rollout id" />}>
            <RolloutActs explanation={query.data} />
          </PageHead>
          <div className={styles.columns}>
            <Stack gap="lg" miw={0}>
              <Standing explanation={query.data} />
              <Waves rollout={rollout} />
            </Stack>
            <Stack gap="lg" miw={0}>
              <RolloutFacts rollout={rollout} />
              <Transitions transitions={query.data.transitions} />
            </Stack>
          </div>
          <TargetTable rollout={rollout} />
        </>
      )}
    </Stack>
  );
}
