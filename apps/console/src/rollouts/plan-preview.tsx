import { Anchor, Group, Stack, Text } from '@mantine/core';
import { EXCLUSIONS, type RolloutPins, type RolloutPlan } from '@tidegate/contract-api';
import { Link } from 'react-router';
import { Copyable } from '../frame/copyable.tsx';
import { Panel } from '../node/panel.tsx';
import { Pill } from '../nodes/pill.tsx';
import { localText } from '../time/relative-time.ts';
import { exclusionText } from './rollout-text.ts';
import styles from './rollouts.module.css';

const FIRST = 12;
const nodes = (count: number): string => `${count.toLocaleString()} ${count === 1 ? 'node' : 'nodes'}`;

interface NamesProps {
  readonly of: readonly { readonly node_id: string; readonly name: string; readonly online?: boolean }[];
  readonly count: number;
}
/** The first few; a group may have 100,000. */
function Names({ of, count }: NamesProps) {
  const first = of.slice(0, FIRST);
  return (
    <Text size="sm" c="dimmed">
      {first.map(({ node_id: id, name, online }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <Anchor component={Link} size="sm" underline="always" to={`/admin/nodes/${id}`}>
            {name}
          </Anchor>
          {online === false && ' (offline)'}
        </span>
      ))}
      {count > first.length && ` and ${(count - first.length).toLocaleString()} more`}
    </Text>
  );
}

/** What every node has to install: exactly this artefact. */
export function Pins({ pins }: { readonly pins: RolloutPins }) {
  return (
    <Group gap="xs">
      <Text size="sm">Manifest</Text>
      <Copyable value={pins.manifest_sha256} label="digest of the manifest" length={16} />
      {pins.provenance === 'verified' ? (
        <Pill tone="good">tag and source agree</Pill>
      ) : (
        <Pill tone="calm">no git remote to compare the tag with</Pill>
      )}
      {pins.tag_commit !== null && <Copyable value={pins.tag_commit} label="commit of the tag" length={12} />}
    </Group>
  );
}

/** Who would be upgraded when, and who not and why. */
export function PlanPreview({ plan }: { readonly plan: RolloutPlan }) {
  const total = plan.waves.reduce((sum, { count }) => sum + count, 0);
  const { by_reason: byReason } = plan.excluded;
  return (
    <Stack gap="lg" role="status" aria-label="Preview">
      <Panel id="plan" title={`${nodes(total)} in ${plan.waves.length === 1 ? 'one wave' : `${plan.waves.length} waves`}`}>
        <Stack gap="sm">
          <Pins pins={plan.pins} />
          <ol className={styles.list}>
            {plan.waves.map(({ wave, count, nodes: named, earliest_at: at }) => (
              <li key={wave}>
                <div className={styles.line}>
                  <Text size="sm" fw={600}>
                    Wave {wave + 1}: {nodes(count)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {at === null ? 'never: no window opens' : `not before ${localText(at)}`}
                  </Text>
                </div>
                <Names of={named} count={count} />
              </li>
            ))}
          </ol>
        </Stack>
      </Panel>
      {plan.excluded.count > 0 && (
        <Panel id="excluded" title={`${nodes(plan.excluded.count)} left out`}>
          <ul className={styles.list}>
            {EXCLUSIONS.filter((reason) => byReason[reason] !== undefined).map((reason) => (
              <li key={reason}>
                <Text size="sm" fw={600}>
                  {nodes(byReason[reason] ?? 0)}: {exclusionText(reason)}
                </Text>
                <Names of={plan.excluded.nodes.filter((node) => node.reason === reason)} count={byReason[reason] ?? 0} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </Stack>
  );
}
