import type { Health } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import { versionKey } from '../version-key.ts';

export interface Beat {
  readonly nodeId: string;
  readonly epoch: number;
  readonly at: Date;
  readonly health: Health;
}

/**
 * One statement for all of them, whichever nodes they are from. A beat of a session that was superseded, on this replica or
 * another, changes nothing.
 * @returns the epoch under which each node's beat was stored.
 */
export async function storeBeats(em: EntityManager, beats: readonly Beat[]): Promise<ReadonlyMap<string, number>> {
  // An upsert may not meet a row twice: of several beats of one node only the newest counts anyway.
  const newest = new Map<string, Beat>();
  for (const beat of beats) if (beat.epoch >= (newest.get(beat.nodeId)?.epoch ?? 0)) newest.set(beat.nodeId, beat);
  const ordered = [...newest.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  const told = ordered.map((beat) => beat.health);
  const rows = await em.query<{ node_id: string; epoch: string }[]>(
    `INSERT INTO node_beats AS b (node_id, epoch, last_beat_at, software_version, report, version_key, guard_key, trust_fingerprint, highest_sequence)
     SELECT t.* FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::jsonb[], $6::text[], $7::text[], $8::text[], $9::bigint[])
         AS t(node_id, epoch, at, version, report, version_key, guard_key, trust, sequence)
       JOIN node_sessions s ON s.node_id = t.node_id AND s.epoch = t.epoch
     ON CONFLICT (node_id) DO UPDATE SET epoch = excluded.epoch, last_beat_at = excluded.last_beat_at,
       software_version = excluded.software_version, report = excluded.report, version_key = excluded.version_key,
       guard_key = excluded.guard_key, trust_fingerprint = excluded.trust_fingerprint, highest_sequence = excluded.highest_sequence
      WHERE b.epoch <= excluded.epoch
     RETURNING node_id, epoch`,
    [
      ordered.map((beat) => beat.nodeId),
      ordered.map((beat) => beat.epoch),
      ordered.map((beat) => beat.at),
      told.map((health) => health.software_version),
      told.map(excerptOf),
      told.map((health) => versionKey(health.software_version)),
      told.map((health) => health.guard_version && versionKey(health.guard_version)),
      // Enough to tell one from another; whole it would be a quarter of the row.
      told.map((health) => health.trust_fingerprint.slice(0, 16)),
      told.map((health) => health.highest_sequence),
    ],
  );
  return new Map(rows.map((row) => [row.node_id, Number(row.epoch)]));
}

/**
 * For beats that say what the last one said. @returns the nodes whose sessions these no longer are: nothing was written then.
 */
export async function touchBeats(
  em: EntityManager,
  beats: readonly Pick<Beat, 'nodeId' | 'epoch'>[],
  at: Date,
): Promise<ReadonlySet<string>> {
  const rows = await em.query<{ n: string }[]>(
    `WITH told AS (SELECT DISTINCT n, e FROM unnest($1::uuid[], $2::bigint[]) AS t(n, e)),
     stored AS (
       UPDATE node_beats b SET last_beat_at = $3 FROM told JOIN node_sessions s ON s.node_id = told.n AND s.epoch = told.e
        WHERE b.node_id = told.n AND b.epoch = told.e RETURNING b.node_id
     )
     SELECT n FROM told WHERE NOT EXISTS (SELECT 1 FROM stored WHERE stored.node_id = told.n)`,
    [beats.map((beat) => beat.nodeId), beats.map((beat) => beat.epoch), at],
  );
  return new Set(rows.map((row) => row.n));
}

/** Every list reads these rows and every beat writes one: what is only shown of a node lies in its report. */
const excerptOf = ({ capabilities, committed_version }: Health): string => storableJson({ capabilities, committed_version });

/** The whole of what nodes said; of several reports of one node the last. */
export async function storeReports(em: EntityManager, beats: readonly Beat[]): Promise<void> {
  const last = [...new Map(beats.map((beat) => [beat.nodeId, beat])).values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  await em.query(
    `INSERT INTO node_reports AS r (node_id, report, reported_at)
     SELECT t.n, t.report, t.at FROM unnest($1::uuid[], $2::jsonb[], $3::timestamptz[]) AS t(n, report, at) JOIN nodes ON nodes.id = t.n
     ON CONFLICT (node_id) DO UPDATE SET report = excluded.report, reported_at = excluded.reported_at
      WHERE r.reported_at <= excluded.reported_at`,
    [last.map((beat) => beat.nodeId), last.map((beat) => storableJson(beat.health)), last.map((beat) => beat.at)],
  );
}
