import type { EntityManager } from 'typeorm';
import type { CheckState } from '../check-schedule.ts';
import type { VersionTag } from '../version-tags.ts';

export interface StoredState extends CheckState {
  readonly revision: number;
  readonly checkedAt: Date | null;
}

interface StateRow {
  revision: string;
  started_at: Date | null;
  busy_until: Date | null;
  checked_at: Date | null;
}

export async function readState(em: EntityManager): Promise<StoredState> {
  const rows = await em.query<StateRow[]>('SELECT revision, started_at, busy_until, checked_at FROM discovery_state');
  const row = rows[0];
  return {
    revision: Number(row?.revision ?? 0),
    startedAt: row?.started_at ?? null,
    busyUntil: row?.busy_until ?? null,
    checkedAt: row?.checked_at ?? null,
  };
}

/** @returns the revision under which the results may be stored, or null when somebody else was first. */
export async function claimCheck(em: EntityManager, revision: number, now: Date, busyUntil: Date): Promise<number | null> {
  const [rows] = await em.query<[{ revision: string }[], number]>(
    'UPDATE discovery_state SET revision = revision + 1, started_at = $2, busy_until = $3 WHERE revision = $1 RETURNING revision',
    [revision, now, busyUntil],
  );
  return rows[0] ? Number(rows[0].revision) : null;
}

/** @returns false when the check was taken over meanwhile: what it found is late then, and must not be stored. */
export async function closeCheck(em: EntityManager, revision: number, now: Date): Promise<boolean> {
  const [rows] = await em.query<[unknown[], number]>(
    'UPDATE discovery_state SET revision = revision + 1, busy_until = NULL, checked_at = $2 WHERE revision = $1 RETURNING revision',
    [revision, now],
  );
  return rows.length > 0;
}

export interface RemoteAnswer {
  readonly deviceType: string;
  /** Of which address and pattern this is the answer; a configuration that changed since makes it worthless. */
  readonly remoteKey: string;
  readonly checkedAt: Date;
  readonly errorCode: string | null;
}
export interface RemoteRecord extends RemoteAnswer {
  readonly versionCount: number;
  readonly newestVersion: string | null;
}

interface RemoteRow {
  device_type: string;
  remote_key: string;
  checked_at: Date;
  error_code: string | null;
  version_count: number;
  newest_version: string | null;
}

export async function readRemotes(em: EntityManager): Promise<RemoteRecord[]> {
  const rows = await em.query<RemoteRow[]>(
    'SELECT device_type, remote_key, checked_at, error_code, version_count, newest_version FROM discovery_remotes',
  );
  return rows.map((row) => ({
    deviceType: row.device_type,
    remoteKey: row.remote_key,
    checkedAt: row.checked_at,
    errorCode: row.error_code,
    versionCount: row.version_count,
    newestVersion: row.newest_version,
  }));
}

/** What is no longer configured is no longer known. */
export const forgetOtherRemotes = async (em: EntityManager, deviceTypes: readonly string[]): Promise<void> =>
  void (await em.query('DELETE FROM discovery_remotes WHERE device_type <> ALL($1)', [[...deviceTypes]]));

/** @param tags newest first, in place of those stored. */
export async function storeTags(em: EntityManager, answer: RemoteAnswer, tags: readonly VersionTag[]): Promise<void> {
  const { deviceType, remoteKey, checkedAt } = answer;
  await em.query('DELETE FROM discovery_tags WHERE device_type = $1', [deviceType]);
  await em.query(
    `INSERT INTO discovery_remotes (device_type, remote_key, checked_at, version_count, newest_version) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (device_type) DO UPDATE SET remote_key = $2, checked_at = $3, error_code = NULL, version_count = $4, newest_version = $5`,
    [deviceType, remoteKey, checkedAt, tags.length, tags[0]?.version ?? null],
  );
  await em.query(
    `INSERT INTO discovery_tags (device_type, version, tag, commit, tag_object)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])`,
    [
      deviceType,
      tags.map((tag) => tag.version),
      tags.map((tag) => tag.tag),
      tags.map((tag) => tag.commit),
      tags.map((tag) => tag.tagObject),
    ],
  );
}

/** The tags of the last good answer stay, unless they are of another remote. */
export async function storeFailure(em: EntityManager, { deviceType, remoteKey, checkedAt, errorCode }: RemoteAnswer): Promise<void> {
  await em.query('DELETE FROM discovery_remotes WHERE device_type = $1 AND remote_key <> $2', [deviceType, remoteKey]);
  await em.query(
    `INSERT INTO discovery_remotes (device_type, remote_key, checked_at, error_code) VALUES ($1, $2, $3, $4)
     ON CONFLICT (device_type) DO UPDATE SET checked_at = $3, error_code = $4`,
    [deviceType, remoteKey, checkedAt, errorCode],
  );
}

/** Of these device types, in no order. */
export async function readTags(em: EntityManager, deviceTypes: readonly string[]): Promise<(VersionTag & { deviceType: string })[]> {
  const rows = await em.query<{ device_type: string; version: string; tag: string; commit: string; tag_object: string | null }[]>(
    'SELECT device_type, version, tag, commit, tag_object FROM discovery_tags WHERE device_type = ANY($1)',
    [[...deviceTypes]],
  );
  return rows.map((row) => ({
    deviceType: row.device_type,
    version: row.version,
    tag: row.tag,
    commit: row.commit,
    tagObject: row.tag_object,
  }));
}

/** Few rows whatever the fleet's size, but it reads every beat: callers keep the answer for a while. */
export async function readCommittedVersions(em: EntityManager): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await em.query<{ device_type: string; versions: string[] }[]>(
    `SELECT n.device_type, array_agg(DISTINCT b.report->>'committed_version') AS versions
       FROM nodes n JOIN node_beats b ON b.node_id = n.id
      WHERE n.revoked_at IS NULL AND n.removed_at IS NULL AND b.report->>'committed_version' IS NOT NULL
      GROUP BY 1`,
  );
  return new Map(rows.map((row) => [row.device_type, row.versions]));
}
