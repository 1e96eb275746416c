import type { ListUpgrades } from '@tidegate/contract-api';
import type { Reach } from '@tidegate/domain-access';
import { In, IsNull, LessThanOrEqual, type EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import type { UpgradeRecord } from '../upgrade-life.ts';
import { UpgradeEntity } from './upgrade.entity.ts';

/** @returns false when the node has a running upgrade already. */
export async function insertUpgrade(em: EntityManager, record: UpgradeRecord): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    `INSERT INTO upgrades (id, node_id, group_id, action, version, channel, from_version, state, requested_by, requested_at, deadline_at, steps,
       expected_manifest_sha256, retry_skipped)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (node_id) WHERE finished_at IS NULL DO NOTHING RETURNING id`,
    [
      record.id,
      record.nodeId,
      record.groupId,
      record.action,
      record.version,
      record.channel,
      record.fromVersion,
      record.state,
      record.requestedBy,
      record.requestedAt,
      record.deadlineAt,
      JSON.stringify(record.steps),
      record.expectedManifestSha256,
      record.retrySkipped,
    ],
  );
  return rows.length > 0;
}

export async function saveUpgrade(em: EntityManager, record: UpgradeRecord): Promise<void> {
  await em.query(
    `UPDATE upgrades SET state = $2, progress = $3, attempt_id = $4, error_code = $5, error_details = $6, finished_at = $7, steps = $8 WHERE id = $1`,
    [
      record.id,
      record.state,
      record.progress && JSON.stringify(record.progress),
      record.attemptId,
      record.errorCode,
      storableJson(record.errorDetails),
      record.finishedAt,
      JSON.stringify(record.steps),
    ],
  );
}

/** In one order, so that two transactions that want the same upgrades wait instead of dying. */
export const lockUpgrades = (em: EntityManager, ids: readonly string[]): Promise<UpgradeRecord[]> =>
  em.find(UpgradeEntity, { where: { id: In([...ids]) }, order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });

export const lockOverdue = (em: EntityManager, now: Date): Promise<UpgradeRecord[]> =>
  em.find(UpgradeEntity, {
    where: { finishedAt: IsNull(), deadlineAt: LessThanOrEqual(now) },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    take: 500,
  });

export const findUpgrade = (em: EntityManager, id: string): Promise<UpgradeRecord | null> => em.findOneBy(UpgradeEntity, { id });
export const findUpgrades = (em: EntityManager, ids: readonly string[]): Promise<UpgradeRecord[]> =>
  ids.length === 0 ? Promise.resolve([]) : em.findBy(UpgradeEntity, { id: In([...ids]) });

export type UpgradeFilter = Omit<ListUpgrades, 'limit' | 'cursor'>;

/** Newest first, after a position. @param reach null means every node. */
export function listUpgrades(
  em: EntityManager,
  filter: UpgradeFilter,
  reach: Reach | null,
  page: { readonly after: { readonly at: string; readonly id: string } | null; readonly limit: number },
): Promise<UpgradeRecord[]> {
  const query = em.createQueryBuilder(UpgradeEntity, 'u').orderBy('u.requestedAt', 'DESC').addOrderBy('u.id', 'DESC').limit(page.limit);
  const equals = { state: filter.state, action: filter.action, node_id: filter.node_id, version: filter.version };
  const others = { error_code: filter.error_code, requested_by: filter.requested_by };
  for (const [column, value] of Object.entries({ ...equals, ...others }))
    if (value !== undefined) query.andWhere(`u.${column} = :${column}`, { [column]: value });
  if (filter.running !== undefined) query.andWhere(`u.finished_at IS ${filter.running ? '' : 'NOT'} NULL`);
  if (filter.group !== undefined) query.andWhere('u.group_id = (SELECT id FROM groups WHERE name = :group)', { group: filter.group });
  if (filter.from !== undefined) query.andWhere('u.requested_at >= :from', { from: filter.from });
  if (filter.to !== undefined) query.andWhere('u.requested_at < :to', { to: filter.to });
  if (reach) query.andWhere('(u.group_id = ANY(:groupIds::uuid[]) OR u.node_id = ANY(:nodeIds::uuid[]))', { ...reach });
  if (page.after) query.andWhere('(u.requested_at, u.id) < (:at::timestamptz, :id::uuid)', page.after);
  return query.getMany();
}

/** Running upgrades of nodes whose last beat says that their guard committed what was asked for. */
export async function lockCommitted(em: EntityManager, limit: number): Promise<{ record: UpgradeRecord; manifestSha256: string | null }[]> {
  const rows = await em.query<{ id: string; manifest_sha256: string | null }[]>(
    `SELECT u.id, r.report->>'manifest_sha256' AS manifest_sha256 FROM upgrades u
       JOIN node_beats b ON b.node_id = u.node_id LEFT JOIN node_reports r ON r.node_id = u.node_id
      WHERE u.finished_at IS NULL AND u.state NOT IN ('queued', 'sent') AND b.software_version = u.version
        AND b.report->>'committed_version' = u.version AND b.last_beat_at >= u.requested_at
      ORDER BY u.id LIMIT $1 FOR UPDATE OF u SKIP LOCKED`,
    [limit],
  );
  const digests = new Map(rows.map((row) => [row.id, row.manifest_sha256]));
  const found = await findUpgrades(em, [...digests.keys()]);
  return found.map((record) => ({ record, manifestSha256: digests.get(record.id) ?? null }));
}

/** Of these, those that still run. */
export const lockRunning = (em: EntityManager, ids: readonly string[]): Promise<UpgradeRecord[]> =>
  em.find(UpgradeEntity, { where: { id: In([...ids]), finishedAt: IsNull() }, order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
