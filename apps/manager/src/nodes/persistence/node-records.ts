import type { Auth, Facts, Health } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import { NodeEntity } from './node.entity.ts';

export interface NodeRecord {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly publicKey: string;
  readonly revokedAt: Date | null;
}

export const findNode = (em: EntityManager, id: string): Promise<NodeRecord | null> => em.findOneBy(NodeEntity, { id });

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

/** Takes the node's session over: whoever holds a lower epoch is superseded from here on. */
export async function openNodeSession(em: EntityManager, auth: Auth, now: Date): Promise<number> {
  const rows = await em.query<{ epoch: string }[]>(
    `INSERT INTO node_sessions AS s (node_id, epoch, connected_at, run_id, boot_id, machine_id, software_version, in_trial)
     VALUES ($1, 1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (node_id) DO UPDATE SET epoch = s.epoch + 1, connected_at = $2, disconnected_at = NULL, run_id = $3, boot_id = $4,
       machine_id = $5, software_version = $6, in_trial = $7
     RETURNING epoch`,
    [auth.node_id, now, auth.run_id, auth.boot_id, auth.machine_id, auth.software_version, auth.in_trial],
  );
  if (auth.facts) {
    await em.query('UPDATE nodes SET facts = $2, name = $3 WHERE id = $1 AND facts IS DISTINCT FROM $2::jsonb', [
      auth.node_id,
      storableJson(auth.facts),
      auth.facts.name,
    ]);
  }
  return Number(rows[0]?.epoch ?? 0);
}

export const closeNodeSession = async (em: EntityManager, nodeId: string, epoch: number, now: Date): Promise<void> =>
  void (await em.query('UPDATE node_sessions SET disconnected_at = $3 WHERE node_id = $1 AND epoch = $2', [nodeId, epoch, now]));

/** After a crash nobody said goodbye. One process serves an installation today, so every open session was its own. */
export const closeForgottenSessions = async (em: EntityManager, now: Date): Promise<void> =>
  void (await em.query('UPDATE node_sessions SET disconnected_at = $1 WHERE disconnected_at IS NULL', [now]));

export interface Beat {
  readonly nodeId: string;
  readonly epoch: number;
  readonly at: Date;
  readonly health: Health;
}

/** One statement for all of them, whichever nodes they are from; a late beat of a superseded session changes nothing. */
export async function storeBeats(em: EntityManager, beats: readonly Beat[]): Promise<void> {
  // An upsert may not meet a row twice: of several beats of one node only the newest counts anyway.
  const newest = [...new Map(beats.map((beat) => [beat.nodeId, beat])).values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  await em.query(
    `INSERT INTO node_beats AS b (node_id, epoch, last_beat_at, software_version, report)
     SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::jsonb[])
     ON CONFLICT (node_id) DO UPDATE SET epoch = excluded.epoch, last_beat_at = excluded.last_beat_at,
       software_version = excluded.software_version, report = excluded.report
      WHERE b.epoch <= excluded.epoch`,
    [
      newest.map((beat) => beat.nodeId),
      newest.map((beat) => beat.epoch),
      newest.map((beat) => beat.at),
      newest.map((beat) => beat.health.software_version),
      newest.map((beat) => storableJson(beat.health)),
    ],
  );
}

/** What a node said of itself last, as far as a request for an upgrade needs it. */
export interface NodeStanding extends NodeRecord {
  readonly softwareVersion: string | null;
  readonly capabilities: readonly string[];
}

export async function findStanding(em: EntityManager, id: string): Promise<NodeStanding | null> {
  const node = await findNode(em, id);
  if (!node) return null;
  const rows = await em.query<{ software_version: string; capabilities: string[] | null }[]>(
    `SELECT software_version, report->'capabilities' AS capabilities FROM node_beats WHERE node_id = $1`,
    [id],
  );
  return { ...node, softwareVersion: rows[0]?.software_version ?? null, capabilities: rows[0]?.capabilities ?? [] };
}
