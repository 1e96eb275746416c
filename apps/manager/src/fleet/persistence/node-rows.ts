import type { Connection, NodeView } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import { Conditions } from './conditions.ts';
import { connectionOf, FLAG_NAMES, flagOf, inMaintenance, type Moment } from './node-expressions.ts';

export interface NodeRow {
  readonly id: string;
  readonly group: string;
  readonly group_id: string;
  readonly name: string;
  readonly display_name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly device_type: string;
  readonly os: string | null;
  readonly arch: string | null;
  readonly enrolled_at: Date;
  readonly last_beat_at: Date | null;
  readonly connection: Connection;
  readonly software_version: string | null;
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly upgrade_id: string | null;
  readonly behind_sequence: boolean;
  readonly trust_differs: boolean;
  readonly guard_outdated: boolean;
  readonly in_maintenance: boolean;
  readonly maintenance_reason: string | null;
  readonly maintenance_since: Date | null;
  readonly maintenance_until: Date | null;
  readonly maintenance_by: string | null;
  readonly quarantined_at: Date | null;
  readonly quarantine_details: Readonly<Record<string, unknown>> | null;
  readonly revoked_at: Date | null;
  readonly removed_at: Date | null;
  readonly key_rotation_state: NodeView['key_rotation'];
  readonly revision: number;
}

const COLUMNS = `n.id, g.name AS "group", n.group_id, n.name, n.display_name, n.labels, n.device_type, n.facts->>'os' AS os,
  n.facts->>'arch' AS arch, n.enrolled_at, b.last_beat_at, b.software_version, coalesce(r.report, b.report) AS report, n.upgrade_id,
  n.maintenance_reason, n.maintenance_since, n.maintenance_until, n.maintenance_by, n.quarantined_at, n.quarantine_details,
  n.revoked_at, n.removed_at, n.key_rotation_state, n.revision`;

/** Whole rows of a few nodes, also of removed ones, in the order of the ids. */
export async function selectNodesById(em: EntityManager, ids: readonly string[], moment: Moment): Promise<NodeRow[]> {
  if (ids.length === 0) return [];
  const values = new Conditions();
  const flags = FLAG_NAMES.map((name) => `coalesce(${flagOf(name, values, moment)}, false) AS ${name}`);
  const rows = await em.query<NodeRow[]>(
    `SELECT ${COLUMNS}, ${flags.join(', ')}, coalesce(${inMaintenance(values, moment)}, false) AS in_maintenance,
        CASE WHEN n.removed_at IS NOT NULL THEN 'offline' ELSE ${connectionOf(values, moment)} END AS connection
       FROM nodes n JOIN groups g ON g.id = n.group_id LEFT JOIN node_beats b ON b.node_id = n.id
       LEFT JOIN node_reports r ON r.node_id = n.id
      WHERE n.id = ANY(${values.value(ids)}::uuid[])`,
    values.values,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
