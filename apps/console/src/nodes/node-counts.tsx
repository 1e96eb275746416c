import { UnstyledButton } from '@mantine/core';
import type { NodeCounts as Counts } from '@tidegate/contract-api';
import { FLAGS, type Flag, type NodeFilter } from './node-filter.ts';
import type { ChangeFilter } from './use-node-filter.ts';
import styles from './node-counts.module.css';

interface Choice {
  readonly label: string;
  readonly count: number | undefined;
  readonly isPressed: boolean;
  readonly press: Parameters<ChangeFilter>[0];
  readonly badge?: string;
}

const CONNECTIONS = { online: 'Online', respawning: 'Respawning', stale: 'Stale', offline: 'Offline', never: 'Never seen' } as const;
const BADGES = {
  upgrading: 'Upgrading',
  updated: 'Updated',
  upgrade_failed: 'Failed',
  upgrade_refused: 'Refused',
  rolled_back: 'Rolled back',
} as const;
const FLAG_WORDS: Record<Flag, string> = {
  maintenance: 'Maintenance',
  quarantined: 'Quarantined',
  revoked: 'Revoked',
  behind_sequence: 'Behind signed sequence',
  trust_differs: 'Trust differs',
  guard_outdated: 'Older boot guard',
};
const keysOf = <K extends string>(words: Readonly<Record<K, string>>) => Object.keys(words) as K[];

const connectionChoices = (filter: NodeFilter, counts: Counts | undefined): Choice[] => [
  { label: 'All', count: counts?.total, isPressed: filter.connection === undefined, press: { connection: undefined } },
  ...keysOf(CONNECTIONS).map((connection) => ({
    label: CONNECTIONS[connection],
    count: counts && (counts.connection[connection] ?? 0),
    isPressed: filter.connection === connection,
    press: { connection },
  })),
];
const badgeChoices = (filter: NodeFilter, counts: Counts | undefined): Choice[] =>
  keysOf(BADGES).map((badge) => ({
    label: BADGES[badge],
    count: counts && (counts.badge[badge] ?? 0),
    isPressed: filter.badge === badge,
    press: { badge: filter.badge === badge ? undefined : badge },
    badge,
  }));
const flagChoices = (filter: NodeFilter, counts: Counts | undefined): Choice[] =>
  FLAGS.map((flag) => ({
    label: FLAG_WORDS[flag],
    count: counts?.[flag],
    isPressed: filter[flag] === 'true',
    press: { [flag]: filter[flag] === 'true' ? undefined : 'true' },
  }));
/** Rare kinds take their place only when there are any, or while the list is narrowed to them. */
const isWorthShowing = ({ count, isPressed }: Choice): boolean => isPressed || (count ?? 0) > 0;

function Row({ label, choices, change }: { readonly label: string; readonly choices: readonly Choice[]; readonly change: ChangeFilter }) {
  if (choices.length === 0) return null;
  return (
    <div className={styles.row} role="group" aria-label={label}>
      {choices.map((choice) => (
        <UnstyledButton
          key={choice.label}
          className={styles.choice}
          aria-pressed={choice.isPressed}
          data-badge={choice.badge}
          data-empty={choice.count === 0 || undefined}
          onClick={() => change(choice.press)}
        >
          {choice.label} <span className={styles.count}>{choice.count?.toLocaleString() ?? '–'}</span>
        </UnstyledButton>
      ))}
    </div>
  );
}

interface NodeCountsProps {
  readonly counts: Counts | undefined;
  readonly filter: NodeFilter;
  readonly change: ChangeFilter;
}

/** How many there are of each kind among what the other conditions leave; a click shows only those, another one shows all again. */
export function NodeCounts({ counts, filter, change }: NodeCountsProps) {
  const connections = connectionChoices(filter, counts);
  const rare = new Set<string>([CONNECTIONS.respawning, CONNECTIONS.stale, CONNECTIONS.never]);
  return (
    <div className={styles.counts}>
      <Row
        label="Show by connection"
        choices={connections.filter((choice) => !rare.has(choice.label) || isWorthShowing(choice))}
        change={change}
      />
      <Row label="Show by upgrade" choices={badgeChoices(filter, counts)} change={change} />
      <Row label="Show by standing" choices={flagChoices(filter, counts).filter(isWorthShowing)} change={change} />
    </div>
  );
}
