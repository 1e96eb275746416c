import type { listNodes } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';

export type NodeQuery = z.output<typeof listNodes>;

export interface NodeRow {
  readonly id: string;
  readonly group: string;
  readonly group_id: string;
  readonly name: string;
  readonly device_type: string;
  readonly os: string | null;
  readonly arch: string | null;
  readonly enrolled_at: Date;
  readonly connected_at: Date | null;
  readonly disconnected_at: Date | null;
  readonly last_beat_at: Date | null;
  readonly software_version: string | null;
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly upgrade_id: string | null;
  readonly sort_key: string;
}

/** When something was last heard of the node: its beats, or its coming when no beat was stored yet. */
const LAST_SEEN = 'greatest(b.last_beat_at, s.connected_at)';

/** `id` breaks ties, so that a cursor never skips a row or shows one twice. Text keys: a cursor is text anyway. */
const SORT_KEY: Readonly<Record<NodeQuery['sort'], string>> = {
  name: 'n.name',
  software_version: `coalesce(b.software_version, '')`,
  last_seen_at: `to_char(coalesce(${LAST_SEEN}, 'epoch') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
};

const BADGE = `CASE WHEN u.id IS NULL THEN 'none' WHEN u.state = 'committed' THEN 'updated' WHEN u.state = 'failed' THEN 'upgrade_failed'
  WHEN u.state = 'refused' THEN 'upgrade_refused' WHEN u.state = 'rolled_back' THEN 'rolled_back' ELSE 'upgrading' END`;

const FROM = `
  FROM nodes n
  JOIN groups g ON g.id = n.group_id
  LEFT JOIN node_sessions s ON s.node_id = n.id
  LEFT JOIN node_beats b ON b.node_id = n.id
  LEFT JOIN LATERAL (SELECT id, state FROM upgrades WHERE node_id = n.id ORDER BY requested_at DESC, id DESC LIMIT 1) u ON true`;

const COLUMNS = `n.id, g.name AS "group", n.group_id, n.name, n.device_type, n.facts->>'os' AS os, n.facts->>'arch' AS arch, n.enrolled_at,
  s.connected_at, s.disconnected_at, b.last_beat_at, b.software_version, b.report, u.id AS upgrade_id`;

export interface NodeScope {
  /** null means every node. */
  readonly reach: Reach | null;
  /** Nodes heard of since then count as online. */
  readonly onlineSince: Date;
}

class Conditions {
  readonly values: unknown[] = [];
  readonly terms: string[] = [];

  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  where(): string {
    return this.terms.length === 0 ? '' : `WHERE ${this.terms.join(' AND ')}`;
  }
}

function conditionsOf(query: NodeQuery, scope: NodeScope): Conditions {
  const conditions = new Conditions();
  const { terms } = conditions;
  terms.push('n.revoked_at IS NULL');
  if (scope.reach) {
    const { groupIds, nodeIds } = scope.reach;
    terms.push(`(n.group_id = ANY(${conditions.value(groupIds)}::uuid[]) OR n.id = ANY(${conditions.value(nodeIds)}::uuid[]))`);
  }
  if (query.search) terms.push(`strpos(lower(n.name), lower(${conditions.value(query.search)})) > 0`);
  if (query.version) terms.push(`b.software_version = ${conditions.value(query.version)}`);
  if (query.badge) terms.push(`${BADGE} = ${conditions.value(query.badge)}`);
  if (query.connection) {
    const online = `coalesce(s.disconnected_at IS NULL AND ${LAST_SEEN} > ${conditions.value(scope.onlineSince)}, false)`;
    terms.push(query.connection === 'online' ? online : `NOT ${online}`);
  }
  return conditions;
}

export interface NodeCursor {
  readonly key: string;
  readonly id: string;
}

export async function selectNodes(
  em: EntityManager,
  query: NodeQuery,
  scope: NodeScope,
  after: NodeCursor | null,
): Promise<{ rows: NodeRow[]; total: number }> {
  const counted = conditionsOf(query, scope);
  const totals = await em.query<{ total: string }[]>(`SELECT count(*) AS total ${FROM} ${counted.where()}`, counted.values);
  const conditions = conditionsOf(query, scope);
  const key = SORT_KEY[query.sort];
  const direction = query.order === 'asc' ? 'ASC' : 'DESC';
  if (after) {
    const comparison = query.order === 'asc' ? '>' : '<';
    conditions.terms.push(`(${key}, n.id) ${comparison} (${conditions.value(after.key)}, ${conditions.value(after.id)}::uuid)`);
  }
  const limit = conditions.value(query.limit + 1);
  const rows = await em.query<NodeRow[]>(
    `SELECT ${COLUMNS}, ${key} AS sort_key ${FROM} ${conditions.where()} ORDER BY ${key} ${direction}, n.id ${direction} LIMIT ${limit}`,
    conditions.values,
  );
  return { rows, total: Number(totals[0]?.total ?? 0) };
}

export const selectNodesById = (em: EntityManager, ids: readonly string[]): Promise<NodeRow[]> =>
  em.query<NodeRow[]>(`SELECT ${COLUMNS}, '' AS sort_key ${FROM} WHERE n.id = ANY($1::uuid[]) AND n.revoked_at IS NULL`, [ids]);

/** Nodes that have just become stale or offline: nothing arrives from them that could tell. */
export async function selectFallenSilent(em: EntityManager, windows: readonly { after: Date; until: Date }[]): Promise<string[]> {
  const values: unknown[] = [];
  const terms = windows.map(({ after, until }) => `(last_beat_at > $${values.push(after)} AND last_beat_at <= $${values.push(until)})`);
  const rows = await em.query<{ node_id: string }[]>(`SELECT node_id FROM node_beats WHERE ${terms.join(' OR ')}`, values);
  return rows.map((row) => row.node_id);
}
