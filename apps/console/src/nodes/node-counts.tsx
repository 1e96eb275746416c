import { UnstyledButton } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useCaller } from '../api/caller-context.ts';
import { countQuery, type CountOf } from '../api/queries.ts';
import type { NodeFilter } from './node-filter.ts';
import type { ChangeFilter } from './use-node-filter.ts';
import styles from './node-counts.module.css';

interface Choice extends CountOf {
  readonly label: string;
}
const CONNECTIONS: readonly Choice[] = [
  { label: 'All' },
  { label: 'Online', connection: 'online' },
  { label: 'Offline', connection: 'offline' },
];
const BADGES: readonly Choice[] = [
  { label: 'Upgrading', badge: 'upgrading' },
  { label: 'Updated', badge: 'updated' },
  { label: 'Failed', badge: 'upgrade_failed' },
  { label: 'Refused', badge: 'upgrade_refused' },
  { label: 'Rolled back', badge: 'rolled_back' },
];
const CHOICES = [...CONNECTIONS, ...BADGES];
const countOf = ({ connection, badge }: Choice): CountOf => ({ ...(connection && { connection }), ...(badge && { badge }) });

/** How many there are of each kind in the whole fleet; a click shows only those, another one shows all again. */
export function NodeCounts({ filter, change }: { readonly filter: NodeFilter; readonly change: ChangeFilter }) {
  const caller = useCaller();
  const counts = useQueries({ queries: CHOICES.map((choice) => countQuery(caller, countOf(choice))) });
  const button = (choice: Choice, isPressed: boolean, press: () => void) => {
    const count = counts[CHOICES.indexOf(choice)]?.data;
    return (
      <UnstyledButton
        key={choice.label}
        className={styles.choice}
        aria-pressed={isPressed}
        data-badge={choice.badge}
        data-empty={count === 0 || undefined}
        onClick={press}
      >
        {choice.label} <span className={styles.count}>{count?.toLocaleString() ?? '–'}</span>
      </UnstyledButton>
    );
  };
  return (
    <div className={styles.counts}>
      <div className={styles.row} role="group" aria-label="Show by connection">
        {CONNECTIONS.map((choice) =>
          button(choice, filter.connection === choice.connection, () => change({ connection: choice.connection })),
        )}
      </div>
      <div className={styles.row} role="group" aria-label="Show by upgrade">
        {BADGES.map((choice) => {
          const isPressed = filter.badge === choice.badge;
          return button(choice, isPressed, () => change({ badge: isPressed ? undefined : choice.badge }));
        })}
      </div>
    </div>
  );
}
