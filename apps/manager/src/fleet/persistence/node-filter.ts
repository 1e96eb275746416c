import type { countNodes } from '@tidegate/contract-api';
import { upgradeState } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { z } from 'zod';
import { badgeKindOf } from '../../upgrades/index.ts';
import type { Conditions } from './conditions.ts';
import { connectionOf, FLAG_NAMES, flagOf, inMaintenance, type Moment } from './node-expressions.ts';

export type NodeFilter = Omit<z.output<typeof countNodes>, 'by_label'>;

const UPGRADE_STATES = upgradeState.options.flatMap((part) => part.options);

/** @param reach null means every node. */
export function addFilter(conditions: Conditions, filter: NodeFilter, reach: Reach | null, moment: Moment): void {
  const value = (given: unknown): string => conditions.value(given);
  const is = (expression: string, wanted: boolean | undefined): void => {
    if (wanted !== undefined) conditions.add(wanted ? expression : `${expression} IS NOT TRUE`);
  };
  // A row of a decommissioned node that a late beat brought back has none.
  conditions.add('b.group_id IS NOT NULL');
  if (reach) conditions.add(`(b.group_id = ANY(${value(reach.groupIds)}::uuid[]) OR b.node_id = ANY(${value(reach.nodeIds)}::uuid[]))`);
  if (filter.search) conditions.add(searched(conditions, filter.search.toLowerCase()));
  if (filter.group !== undefined) conditions.add(`b.group_id = (SELECT id FROM groups WHERE name = ${value(filter.group)})`);
  if (filter.device_type !== undefined) conditions.add(`b.device_type = ${value(filter.device_type)}`);
  if (filter.version !== undefined) conditions.add(`b.software_version = ${value(filter.version)}`);
  if (filter.connection) conditions.add(`${connectionOf(conditions, moment)} = ${value(filter.connection)}`);
  if (filter.badge) conditions.add(`b.node_id IN (SELECT id FROM nodes WHERE removed_at IS NULL AND ${badged(conditions, filter.badge)})`);
  for (const { key, value: wanted } of filter.labels ?? [])
    conditions.add(wanted === null ? `b.labels ? ${value(key)}` : `b.labels @> ${value(JSON.stringify({ [key]: wanted }))}::jsonb`);
  if (filter.maintenance !== undefined) is(inMaintenance(conditions, moment), filter.maintenance);
  is('b.quarantined', filter.quarantined);
  is('b.revoked', filter.revoked);
  for (const flag of FLAG_NAMES) if (filter[flag] !== undefined) is(flagOf(flag, conditions, moment), filter[flag]);
}

/** LIKE and not strpos: of that the planner believes that a third of all rows match, and reads an index for them one by one. */
function searched(conditions: Conditions, text: string): string {
  const pattern = text.replace(/[\\%_]/g, String.raw`\$&`);
  return `(b.search_text LIKE ${conditions.value(`%${pattern}%`)} OR b.node_id::text LIKE ${conditions.value(`${pattern}%`)})`;
}

function badged(conditions: Conditions, badge: NonNullable<NodeFilter['badge']>): string {
  if (badge === 'none') return 'upgrade_state IS NULL';
  const states = UPGRADE_STATES.filter((state) => badgeKindOf(state) === badge);
  return `upgrade_state = ANY(${conditions.value(states)}::text[])`;
}
