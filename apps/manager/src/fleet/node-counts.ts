import { connection, versionBadge, type NodeCounts, type UpgradeState } from '@tidegate/contract-api';
import { badgeKindOf } from '../upgrades/index.ts';
import type { CountRow, Dimension } from './persistence/node-counts.ts';

const MOST = 100;

/** From rows that come most frequent first. */
export function countsOf(rows: readonly CountRow[], byLabel: boolean): NodeCounts {
  const of = (dimension: Dimension): readonly CountRow[] => rows.filter((row) => row.dimension === dimension);
  const all = rows.find((row) => row.dimension === null);
  const badges = of('upgrade_state').map((row) => ({ kind: badgeKindOf(row.value as UpgradeState | null), nodes: row.nodes }));
  return {
    total: all?.nodes ?? 0,
    connection: tally(connection.options, (kind) => of('connection').filter((row) => row.value === kind)),
    badge: tally(versionBadge.shape.kind.options, (kind) => badges.filter((entry) => entry.kind === kind)),
    versions: of('software_version')
      .slice(0, MOST)
      .map(({ value, nodes }) => ({ software_version: value, nodes })),
    device_types: of('device_type')
      .slice(0, MOST)
      .map(({ value, nodes }) => ({ device_type: value ?? '', nodes })),
    groups: of('group_id')
      .slice(0, MOST)
      .map(({ value, group_name: name, nodes }) => ({ id: value ?? '', name: name ?? '', nodes })),
    maintenance: all?.maintenance ?? 0,
    quarantined: all?.quarantined ?? 0,
    revoked: all?.revoked ?? 0,
    behind_sequence: all?.behind_sequence ?? 0,
    trust_differs: all?.trust_differs ?? 0,
    guard_outdated: all?.guard_outdated ?? 0,
    label_values: byLabel
      ? of('label')
          .slice(0, MOST)
          .map(({ value, nodes }) => ({ value, nodes }))
      : null,
  };
}

const tally = <K extends string>(kinds: readonly K[], rowsOf: (kind: K) => readonly { readonly nodes: number }[]): Record<K, number> =>
  Object.fromEntries(kinds.map((kind) => [kind, rowsOf(kind).reduce((sum, row) => sum + row.nodes, 0)])) as Record<K, number>;
