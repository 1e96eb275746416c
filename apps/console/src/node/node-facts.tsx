import type { NodeView } from '@tidegate/contract-api';
import type { ReactNode } from 'react';
import { Copyable } from '../frame/copyable.tsx';
import { Moment } from '../time/moment.tsx';
import { Panel } from './panel.tsx';
import styles from './node-facts.module.css';

const factsOf = (node: NodeView): readonly (readonly [string, ReactNode])[] => [
  ['Runs', node.software_version ?? 'unknown'],
  ['Committed', node.committed_version ?? 'none'],
  ['Can go back to', node.previous_version ?? 'nothing'],
  ['Last seen', <Moment key="seen" at={node.last_seen_at} />],
  ['Enrolled', <Moment key="enrolled" at={node.enrolled_at} />],
  ['Group', node.group],
  ['Device type', node.device_type],
  ['System', `${node.os}, ${node.arch}`],
  ['Boot guard', node.guard_version ?? 'not reported'],
  ['Trusts', node.trust_purpose === null ? 'not reported' : `${node.trust_purpose} signers`],
  [
    'Trust fingerprint',
    node.trust_fingerprint === null ? (
      'not reported'
    ) : (
      <Copyable key="trust" value={node.trust_fingerprint} label="trust fingerprint" length={10} />
    ),
  ],
  ['Capabilities', node.capabilities.length === 0 ? 'none' : node.capabilities.join(', ')],
];

export function NodeFacts({ node }: { readonly node: NodeView }) {
  return (
    <Panel id="facts" title="Facts">
      <dl className={styles.facts}>
        {factsOf(node).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
