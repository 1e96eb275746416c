import { In, IsNull, LessThanOrEqual, type EntityManager } from 'typeorm';
import { storableJson } from '../../platform/index.ts';
import type { UpgradeRecord } from '../upgrade-life.ts';
import { UpgradeEntity } from './upgrade.entity.ts';

/** @returns false when the node has a running upgrade already. */
export async function insertUpgrade(em: EntityManager, record: UpgradeRecord): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    `INSERT INTO upgrades (id, node_id, group_id, action, version, channel, from_version, state, requested_by, requested_at, deadline_at, steps)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
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

/** Newest first; the cursor is the time of the last one seen. */
export const listUpgradesOfNode = (em: EntityManager, nodeId: string, limit: number, before: Date | null): Promise<UpgradeRecord[]> =>
  em
    .createQueryBuilder(UpgradeEntity, 'u')
    .where('u.node_id = :nodeId', { nodeId })
    .andWhere(before ? 'u.requested_at < :before' : 'true', before ? { before } : {})
    .orderBy('u.requestedAt', 'DESC')
    .limit(limit)
    .getMany();
