import type { Auth, Facts } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import { NodeEntity } from './node.entity.ts';

export interface NodeRecord {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly publicKey: string;
  readonly revokedAt: Date | null;
  readonly removedAt: Date | null;
  /** Offered by the node and accepted beside the other one until it has beaten with it. */
  readonly nextPublicKey: string | null;
  /** Id of the command that asks for a new key, while the node has not answered it. */
  readonly keyRotationId: string | null;
  readonly keyRotationState: 'asked' | 'offered' | 'refused' | null;
  readonly quarantinedAt: Date | null;
}

export const findNode = (em: EntityManager, id: string): Promise<NodeRecord | null> => em.findOneBy(NodeEntity, { id });

/** For many who authenticate at once, in the order of the ids; past the mapper, which costs more than the query. */
export async function findNodes(em: EntityManager, ids: readonly string[]): Promise<(NodeRecord | null)[]> {
  const rows = await em.query<NodeRecord[]>(
    `SELECT id, group_id AS "groupId", device_type AS "deviceType", public_key AS "publicKey", revoked_at AS "revokedAt",
       removed_at AS "removedAt", next_public_key AS "nextPublicKey", key_rotation_id AS "keyRotationId",
       key_rotation_state AS "keyRotationState", quarantined_at AS "quarantinedAt"
      FROM nodes WHERE id = ANY($1::uuid[])`,
    [ids],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** @returns false when the key belongs to another node already. */
export async function enrolNode(
  em: EntityManager,
  node: { id: string; groupId: string; deviceType: string; publicKey: string; facts: Facts; now: Date },
): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    `INSERT INTO nodes (id, group_id, device_type, name, public_key, facts, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (public_key) DO NOTHING RETURNING id`,
    [node.id, node.groupId, node.deviceType, node.facts.name, node.publicKey, storableJson(node.facts), node.now],
  );
  return rows.length > 0;
}

export interface OpenedSession {
  readonly epoch: number;
  /** Another replica may still hold a socket of the session that ended with this. */
  readonly wasElsewhere: boolean;
  /** The session that ended with this, where something of it could tell two machines apart. */
  readonly before: SessionBefore | null;
}

export interface SessionBefore {
  readonly machine_id: string;
  readonly boot_id: string;
  readonly run_id: string;
  /** Nobody had said goodbye for it. */
  readonly open: boolean;
  /** The run that authenticates now was replaced by another one before. */
  readonly returned: boolean;
  readonly last_beat_at: string | null;
}

export interface SessionRequest {
  readonly auth: Auth;
  readonly at: Date;
}

/**
 * Takes nodes' sessions over: whoever holds a lower epoch is superseded from here on, on whichever replica. For many at once,
 * because after a restart of the manager they all come at once. @returns in the order of the requests.
 */
export async function openNodeSessions(
  em: EntityManager,
  requests: readonly SessionRequest[],
  replicaId: string,
): Promise<OpenedSession[]> {
  const opened = new Map<SessionRequest, OpenedSession>();
  // An upsert may not meet a row twice: a node that authenticates twice in one batch waits for the next round.
  for (let rest = requests; rest.length > 0;) {
    const round = new Map<string, SessionRequest>();
    for (const request of rest) if (!round.has(request.auth.node_id)) round.set(request.auth.node_id, request);
    const ordered = [...round.values()].sort((a, b) => (a.auth.node_id < b.auth.node_id ? -1 : 1));
    const rows = await openRound(em, ordered, replicaId);
    for (const row of rows) {
      const request = round.get(row.node_id);
      if (request) opened.set(request, { epoch: Number(row.epoch), wasElsewhere: row.was_elsewhere ?? false, before: row.before });
    }
    rest = rest.filter((request) => round.get(request.auth.node_id) !== request);
  }
  await storeFacts(em, requests);
  return requests.map((request) => opened.get(request) ?? { epoch: 0, wasElsewhere: false, before: null });
}

interface OpenedRow {
  readonly node_id: string;
  readonly epoch: string;
  readonly was_elsewhere: boolean | null;
  readonly before: SessionBefore | null;
}

/** Enough to recognise two machines that take turns; a third one only makes it easier. */
const FORMER_RUNS = 8;

function openRound(em: EntityManager, requests: readonly SessionRequest[], replicaId: string): Promise<OpenedRow[]> {
  const { auths, times } = { auths: requests.map((request) => request.auth), times: requests.map((request) => request.at) };
  // The subselects see the row as it was before this statement.
  return em.query(
    `INSERT INTO node_sessions AS s (node_id, epoch, connected_at, run_id, boot_id, machine_id, software_version, in_trial, replica_id)
     SELECT n, 1, at, run, boot, machine, version, trial, $8
       FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::boolean[])
         AS t(n, at, run, boot, machine, version, trial)
     ON CONFLICT (node_id) DO UPDATE SET epoch = s.epoch + 1, connected_at = excluded.connected_at, disconnected_at = NULL,
       run_id = excluded.run_id, boot_id = excluded.boot_id, machine_id = excluded.machine_id,
       software_version = excluded.software_version, in_trial = excluded.in_trial, replica_id = excluded.replica_id,
       former_runs = CASE WHEN s.run_id = excluded.run_id THEN s.former_runs
         ELSE (s.run_id || array_remove(s.former_runs, s.run_id))[1:${FORMER_RUNS}] END
     RETURNING node_id, epoch, (
       SELECT o.disconnected_at IS NULL AND o.replica_id IS DISTINCT FROM $8 FROM node_sessions o WHERE o.node_id = s.node_id
     ) AS was_elsewhere, (
       SELECT jsonb_build_object('machine_id', o.machine_id, 'boot_id', o.boot_id, 'run_id', o.run_id, 'open', o.disconnected_at IS NULL,
           'returned', o.run_id <> s.run_id AND coalesce(s.run_id = ANY(o.former_runs), false), 'last_beat_at', b.last_beat_at)
         FROM node_sessions o LEFT JOIN node_beats b USING (node_id) WHERE o.node_id = s.node_id AND o.run_id <> s.run_id
          AND (s.run_id = ANY(o.former_runs) OR (o.disconnected_at IS NULL AND o.machine_id <> s.machine_id))
     ) AS before`,
    [
      auths.map((auth) => auth.node_id),
      times,
      auths.map((auth) => auth.run_id),
      auths.map((auth) => auth.boot_id),
      auths.map((auth) => auth.machine_id),
      auths.map((auth) => auth.software_version),
      auths.map((auth) => auth.in_trial),
      replicaId,
    ],
  );
}

async function storeFacts(em: EntityManager, requests: readonly SessionRequest[]): Promise<void> {
  const told = new Map(requests.flatMap(({ auth }) => (auth.facts ? [[auth.node_id as string, auth.facts] as const] : [])));
  if (told.size === 0) return;
  await em.query(
    `UPDATE nodes SET facts = t.f, name = t.name FROM unnest($1::uuid[], $2::jsonb[], $3::text[]) AS t(n, f, name)
      WHERE nodes.id = t.n AND nodes.facts IS DISTINCT FROM t.f`,
    [[...told.keys()], [...told.values()].map((facts) => storableJson(facts)), [...told.values()].map((facts) => facts.name)],
  );
}

export interface EndedSession {
  readonly nodeId: string;
  readonly epoch: number;
  readonly at: Date;
}

export const closeNodeSessions = async (em: EntityManager, ended: readonly EndedSession[]): Promise<void> =>
  void (await em.query(
    // Locked in one order, the same as everybody's who wants many of them.
    `WITH ours AS (
       SELECT s.node_id, t.at FROM node_sessions s JOIN unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS t(n, e, at)
           ON s.node_id = t.n AND s.epoch = t.e ORDER BY s.node_id FOR NO KEY UPDATE OF s
     )
     UPDATE node_sessions s SET disconnected_at = ours.at FROM ours WHERE s.node_id = ours.node_id`,
    [ended.map((session) => session.nodeId), ended.map((session) => session.epoch), ended.map((session) => session.at)],
  ));

/** Sessions of a release that did not know of replicas, whose nodes nobody has heard since: whoever held them is gone. */
export async function closeUnownedSessions(em: EntityManager, heardSince: Date, now: Date): Promise<string[]> {
  const [rows] = await em.query<[{ node_id: string }[], number]>(
    `UPDATE node_sessions s SET disconnected_at = $2 WHERE replica_id IS NULL AND disconnected_at IS NULL AND connected_at < $1
        AND NOT EXISTS (SELECT 1 FROM node_beats b WHERE b.node_id = s.node_id AND b.last_beat_at >= $1) RETURNING node_id`,
    [heardSince, now],
  );
  return rows.map((row) => row.node_id);
}

/** A replica that died said no goodbye for its nodes. @returns their ids. */
export async function closeSessionsOf(em: EntityManager, replicaIds: readonly string[], now: Date): Promise<string[]> {
  const [rows] = await em.query<[{ node_id: string }[], number]>(
    `UPDATE node_sessions SET disconnected_at = $2 WHERE replica_id = ANY($1::uuid[]) AND disconnected_at IS NULL RETURNING node_id`,
    [replicaIds, now],
  );
  return rows.map((row) => row.node_id);
}

/**
 * Says of the sockets a replica really holds that it does, after others had closed their rows.
 * @returns the newer sessions that some of their nodes have.
 */
export async function reclaimSessions(
  em: EntityManager,
  held: readonly { readonly nodeId: string; readonly epoch: number }[],
  replicaId: string,
): Promise<{ nodeId: string; epoch: number }[]> {
  if (held.length === 0) return [];
  const sets = [held.map((session) => session.nodeId), held.map((session) => session.epoch)];
  await em.query(
    `UPDATE node_sessions s SET disconnected_at = NULL, replica_id = $3 FROM unnest($1::uuid[], $2::bigint[]) AS t(n, e)
      WHERE s.node_id = t.n AND s.epoch = t.e AND (s.disconnected_at IS NOT NULL OR s.replica_id IS DISTINCT FROM $3)`,
    [...sets, replicaId],
  );
  const rows = await em.query<{ node_id: string; epoch: string }[]>(
    `SELECT s.node_id, s.epoch FROM node_sessions s JOIN unnest($1::uuid[], $2::bigint[]) AS t(n, e) ON s.node_id = t.n WHERE s.epoch > t.e`,
    sets,
  );
  return rows.map((row) => ({ nodeId: row.node_id, epoch: Number(row.epoch) }));
}

/** What a node said of itself last, as far as a request for an upgrade needs it. */
export interface NodeStanding extends NodeRecord {
  readonly softwareVersion: string | null;
  readonly previousVersion: string | null;
  /** Of what runs; null for a version that was not installed from a release. */
  readonly manifestSha256: string | null;
  readonly inMaintenance: boolean;
  readonly capabilities: readonly string[];
  /** Some replica holds its socket. */
  readonly connected: boolean;
}

interface StandingRow {
  readonly software_version: string | null;
  readonly previous_version: string | null;
  readonly manifest_sha256: string | null;
  readonly in_maintenance: boolean;
  readonly capabilities: string[] | null;
  readonly connected: boolean;
}

export async function findStanding(em: EntityManager, id: string, now: Date): Promise<NodeStanding | null> {
  const node = await findNode(em, id);
  if (!node) return null;
  const rows = await em.query<StandingRow[]>(
    `SELECT b.software_version, b.report->'capabilities' AS capabilities, r.report->>'previous_version' AS previous_version,
        r.report->>'manifest_sha256' AS manifest_sha256,
        n.maintenance_since IS NOT NULL AND coalesce(n.maintenance_until, 'infinity') > $2 AS in_maintenance,
        coalesce(s.epoch IS NOT NULL AND s.disconnected_at IS NULL, false) AS connected
       FROM nodes n LEFT JOIN node_beats b ON b.node_id = n.id LEFT JOIN node_reports r ON r.node_id = n.id
       LEFT JOIN node_sessions s ON s.node_id = n.id WHERE n.id = $1`,
    [id, now],
  );
  const [row] = rows;
  return {
    ...node,
    softwareVersion: row?.software_version ?? null,
    previousVersion: row?.previous_version ?? null,
    manifestSha256: row?.manifest_sha256 ?? null,
    inMaintenance: row?.in_maintenance ?? false,
    capabilities: row?.capabilities ?? [],
    connected: row?.connected ?? false,
  };
}
