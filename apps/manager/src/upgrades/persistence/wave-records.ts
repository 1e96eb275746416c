import type { EntityManager } from 'typeorm';
import type { WaveStanding } from '../wave-verdict.ts';

/** A node of a wave, as it stands while its session is locked. */
export interface WaveNode extends WaveStanding {
  readonly nodeId: string;
  readonly groupId: string;
  /** Of the session that holds it; null when nobody does. */
  readonly epoch: number | null;
  readonly replicaId: string | null;
}

interface StandingRow extends Omit<WaveNode, 'epoch' | 'previousVersion' | 'manifestSha256'> {
  readonly epoch: string | null;
  readonly told: { readonly previous_version: string | null; readonly manifest_sha256: string | null } | null;
}

/**
 * Keeps the sessions of these nodes as they are until the transaction ends, for the reason that `claimDue` does: what is marked
 * as sent to a session must not be overtaken by a newer one. Locked in the order that everybody keeps; read past the wide rows of
 * nodes, and past their reports where those make no difference.
 */
export async function lockWave(
  em: EntityManager,
  nodeIds: readonly string[],
  /** Whose report is read: of nodes that run this version, or of all when null. */
  version: string | null,
  now: Date,
): Promise<Map<string, WaveNode>> {
  const rows = await em.query<StandingRow[]>(
    `WITH held AS MATERIALIZED (
       SELECT s.node_id, s.epoch, s.replica_id FROM node_sessions s
        WHERE s.node_id = ANY($1::uuid[]) AND s.disconnected_at IS NULL ORDER BY s.node_id FOR SHARE
     )
     SELECT b.node_id AS "nodeId", b.group_id AS "groupId", b.software_version AS "softwareVersion", h.epoch, h.replica_id AS "replicaId",
       h.epoch IS NOT NULL AS connected, b.revoked, b.quarantined, coalesce(b.maintenance_until > $3, false) AS "inMaintenance",
       coalesce(b.report->'capabilities' ? 'upgrade', false) AS capable,
       CASE WHEN $2::text IS NULL OR b.software_version = $2 THEN (
         SELECT jsonb_build_object('previous_version', r.report->>'previous_version', 'manifest_sha256', r.report->>'manifest_sha256')
           FROM node_reports r WHERE r.node_id = b.node_id) END AS told
      FROM node_beats b LEFT JOIN held h ON h.node_id = b.node_id WHERE b.node_id = ANY($1::uuid[])`,
    [nodeIds, version, now],
  );
  return new Map(
    rows.map(({ told, epoch, ...row }) => [
      row.nodeId,
      {
        ...row,
        epoch: epoch === null ? null : Number(epoch),
        previousVersion: told?.previous_version ?? null,
        manifestSha256: told?.manifest_sha256 ?? null,
      },
    ]),
  );
}

/** One upgrade of a wave and its command, which have one id. */
export interface WaveUpgrade {
  readonly id: string;
  readonly nodeId: string;
  readonly groupId: string;
  readonly version: string;
  readonly channel: string;
  readonly fromVersion: string | null;
  /** Leaves as soon as this has committed; otherwise it waits for the replica that holds the node. */
  readonly leavesHere: boolean;
  /** Which of the payloads it carries. */
  readonly payload: number;
}

export interface WaveTerms {
  readonly action: 'upgrade' | 'return';
  readonly expectedManifestSha256: string | null;
  readonly retrySkipped: boolean;
  readonly requestedBy: string;
  readonly now: Date;
  readonly deadlineAt: Date;
  /** Actions as JSON, each once. */
  readonly payloads: readonly string[];
}

/**
 * Upgrades and commands in one statement. What leaves from here is marked as sent at once: a second statement that marks it would
 * cost as much as this one. @returns the ids of those that were stored; the others' nodes have a running upgrade already.
 */
export async function insertWave(em: EntityManager, upgrades: readonly WaveUpgrade[], terms: WaveTerms): Promise<Set<string>> {
  const at = terms.now.toISOString();
  const rows = await em.query<{ id: string }[]>(
    `WITH asked AS (
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::int[])
         AS t(id, node_id, group_id, version, channel, from_version, leaves, payload)
     ), made AS (
       INSERT INTO upgrades (id, node_id, group_id, action, version, channel, from_version, state, requested_by, requested_at, deadline_at,
           steps, expected_manifest_sha256, retry_skipped)
       SELECT id, node_id, group_id, $9, version, channel, from_version, CASE WHEN leaves THEN 'sent' ELSE 'queued' END, $10, $11, $12,
           CASE WHEN leaves THEN $14::jsonb ELSE $13::jsonb END, $15, $16
         FROM asked ORDER BY node_id
       ON CONFLICT (node_id) WHERE finished_at IS NULL DO NOTHING RETURNING id
     )
     INSERT INTO commands (id, node_id, upgrade_id, action, created_at, expires_at, sent_at)
     SELECT id, node_id, id, ($17::jsonb[])[payload + 1], $11, $12, CASE WHEN leaves THEN $11::timestamptz END FROM asked JOIN made USING (id)
     RETURNING id`,
    [
      upgrades.map((upgrade) => upgrade.id),
      upgrades.map((upgrade) => upgrade.nodeId),
      upgrades.map((upgrade) => upgrade.groupId),
      upgrades.map((upgrade) => upgrade.version),
      upgrades.map((upgrade) => upgrade.channel),
      upgrades.map((upgrade) => upgrade.fromVersion),
      upgrades.map((upgrade) => upgrade.leavesHere),
      upgrades.map((upgrade) => upgrade.payload),
      terms.action,
      terms.requestedBy,
      terms.now,
      terms.deadlineAt,
      JSON.stringify([{ state: 'queued', at }]),
      JSON.stringify(['queued', 'sent'].map((state) => ({ state, at }))),
      terms.expectedManifestSha256,
      terms.retrySkipped,
      terms.payloads,
    ],
  );
  return new Set(rows.map((row) => row.id));
}

/** Ends what has not left yet, as a cancel does. @returns what ended so. */
export async function withdrawUpgrades(
  em: EntityManager,
  ids: readonly string[],
  errorCode: string,
  now: Date,
): Promise<{ readonly id: string; readonly nodeId: string }[]> {
  return await em.query<{ id: string; nodeId: string }[]>(
    `WITH held AS MATERIALIZED (
       SELECT id FROM upgrades WHERE id = ANY($1::uuid[]) AND state = 'queued' AND finished_at IS NULL ORDER BY id FOR UPDATE
     ), ended AS (
       UPDATE upgrades u SET state = 'refused', error_code = $3, progress = NULL, finished_at = $2,
           steps = steps || jsonb_build_array(jsonb_build_object('state', 'refused', 'at', $4::text))
         FROM held WHERE u.id = held.id RETURNING u.id, u.node_id
     ), settled AS (
       UPDATE commands c SET settled_at = $2 FROM ended WHERE c.upgrade_id = ended.id AND c.settled_at IS NULL
     )
     SELECT id, node_id AS "nodeId" FROM ended`,
    [ids, now, errorCode, now.toISOString()],
  );
}
