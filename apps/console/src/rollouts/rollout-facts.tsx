import { Anchor, Stack } from '@mantine/core';
import type { RolloutView } from '@tidegate/contract-api';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import factStyles from '../node/node-facts.module.css';
import { Panel } from '../node/panel.tsx';
import { Moment } from '../time/moment.tsx';
import { localText } from '../time/relative-time.ts';
import { Pins } from './plan-preview.tsx';
import { secondsText, thresholdText, waveSizeText } from './rollout-text.ts';

const APPROVALS = { none: 'not needed', after_canary: 'after the first wave', every_wave: 'before each next wave' } as const;
const OFFLINE = { skip: 'left out', wait: 'waited for', fail: 'count as failed' } as const;

/** What differs from a plain rollout is said only when it does. */
function factsOf({ strategy, ...rollout }: RolloutView): readonly (readonly [string, ReactNode])[] {
  const { order } = strategy;
  return [
    [
      'Group',
      <Anchor key="group" component={Link} size="sm" to={`/admin/groups/${rollout.group_id}`}>
        {rollout.group}
      </Anchor>,
    ],
    ['Device type', rollout.device_type],
    ['Channel', rollout.channel],
    [
      'Begun',
      <span key="begun">
        <Moment at={rollout.created_at} /> by {rollout.created_by}
      </span>,
    ],
    ['Waves', strategy.kind === 'immediate' ? 'all at once' : strategy.waves.map(waveSizeText).join(', ')],
    ['Settle', secondsText(strategy.settle_secs)],
    ['Failures it bears', thresholdText(strategy.failure_threshold)],
    ['Nodes at one time', strategy.max_in_flight === null ? 'a whole wave' : strategy.max_in_flight.toLocaleString()],
    ['A node may take', secondsText(strategy.node_timeout_secs)],
    ['Offline nodes', OFFLINE[strategy.offline]],
    ['Approval', APPROVALS[strategy.approval] + (strategy.second_person ? ', by another person' : '')],
    ['When failures halt it', strategy.auto_rollback ? 'rolled back by itself' : 'a person decides'],
    ['Latecomers', secondsText(strategy.catch_up_secs)],
    ...(order.canary_selector === null ? [] : [['Go first', order.canary_selector] as const]),
    ...(strategy.start_at === null ? [] : [['Begins at', localText(strategy.start_at)] as const]),
    ...strategy.windows.map(
      ({ days, from, to, time_zone: zone }, index) => [`Window ${index + 1}`, `${days.join(', ')} ${from}–${to} ${zone}`] as const,
    ),
    ...(strategy.note === '' ? [] : [['Note', strategy.note] as const]),
  ];
}

export function RolloutFacts({ rollout }: { readonly rollout: RolloutView }) {
  return (
    <Panel id="facts" title="What, and how">
      <Stack gap="md">
        <dl className={factStyles.facts}>
          {factsOf(rollout).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Pins pins={rollout.pins} />
      </Stack>
    </Panel>
  );
}
