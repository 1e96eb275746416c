import type { Action } from '@tidegate/contract-protocol';
import { In, IsNull, type EntityManager } from 'typeorm';
import { CommandEntity } from './command.entity.ts';

export interface CommandRecord {
  readonly id: string;
  readonly nodeId: string;
  readonly upgradeId: string;
  readonly action: Action;
  readonly expiresAt: Date;
}

export async function insertCommand(em: EntityManager, command: CommandRecord, now: Date): Promise<void> {
  await em.insert(CommandEntity, { ...command, createdAt: now, sentAt: null, settledAt: null });
}

/** `unsent`: what nobody has sent yet. `unanswered`: also what was sent to a socket that is gone now. */
export type Due = 'unsent' | 'unanswered';

const DUE = 'c.settled_at IS NULL AND c.expires_at > $2';
const UNSENT = 'AND c.sent_at IS NULL';

/** Those of the nodes for which there is something. Without locks: most of them have nothing. */
export async function nodesWithDue(em: EntityManager, nodeIds: readonly string[], due: Due, now: Date): Promise<Set<string>> {
  const rows = await em.query<{ node_id: string }[]>(
    `SELECT DISTINCT node_id FROM commands c WHERE c.node_id = ANY($1::uuid[]) AND ${DUE} ${due === 'unsent' ? UNSENT : ''}`,
    [nodeIds, now],
  );
  return new Set(rows.map((row) => row.node_id));
}

/** Nodes of this replica for which somebody left something that no notice told of. */
export async function nodesWaitingAt(em: EntityManager, replicaId: string, now: Date, limit: number): Promise<string[]> {
  const rows = await em.query<{ node_id: string }[]>(
    `SELECT DISTINCT c.node_id FROM commands c JOIN node_sessions s ON s.node_id = c.node_id
      WHERE s.replica_id = $1 AND s.disconnected_at IS NULL AND ${DUE} ${UNSENT} LIMIT $3`,
    [replicaId, now, limit],
  );
  return rows.map((row) => row.node_id);
}

/**
 * Marks as sent what is due to the nodes whose sessions these still are, and says which commands to send, oldest first. The
 * rows of upgrades and commands say "sent" before anything leaves: a cancel that finds `queued` may rely on it.
 *
 * The lock on the sessions keeps a newer one out until this has committed: a replica that holds a superseded socket cannot
 * mark a command as sent that the node then never gets, because the newer session, when it opens, sends all that is marked.
 */
export async function claimDue(
  em: EntityManager,
  sessions: readonly { readonly nodeId: string; readonly epoch: number }[],
  due: Due,
  now: Date,
): Promise<CommandRecord[]> {
  const current = await em.query<{ node_id: string }[]>(
    `SELECT s.node_id FROM node_sessions s JOIN unnest($1::uuid[], $2::bigint[]) AS t(n, e) ON s.node_id = t.n AND s.epoch = t.e
      ORDER BY s.node_id FOR SHARE OF s`,
    [sessions.map((session) => session.nodeId), sessions.map((session) => session.epoch)],
  );
  const nodeIds = current.map((row) => row.node_id);
  const condition = `c.node_id = ANY($1::uuid[]) AND ${DUE} ${due === 'unsent' ? UNSENT : ''}`;
  const running = await em.query<{ id: string }[]>(
    `SELECT u.id FROM upgrades u WHERE u.finished_at IS NULL AND u.id IN (SELECT c.upgrade_id FROM commands c WHERE ${condition})
      ORDER BY u.id FOR UPDATE OF u`,
    [nodeIds, now],
  );
  if (running.length === 0) return [];
  const upgradeIds = running.map((row) => row.id);
  // The one move of `advance` that is made for thousands at once: nothing but `queued` comes before `sent`.
  await em.query(
    `UPDATE upgrades SET state = 'sent', steps = steps || jsonb_build_array(jsonb_build_object('state', 'sent', 'at', $2::text))
      WHERE id = ANY($1::uuid[]) AND state = 'queued'`,
    [upgradeIds, now.toISOString()],
  );
  const [rows] = await em.query<[(CommandRow & { ordinal: string })[], number]>(
    `UPDATE commands c SET sent_at = $2 WHERE ${condition} AND c.upgrade_id = ANY($3::uuid[])
      RETURNING id, ordinal, node_id, upgrade_id, action, expires_at`,
    [nodeIds, now, upgradeIds],
  );
  // In the order they were made, which the ordinal keeps where the clock does not: a cancel follows what it cancels.
  return rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal)).map(recordOf);
}

interface CommandRow {
  readonly id: string;
  readonly node_id: string;
  readonly upgrade_id: string;
  readonly action: Action;
  readonly expires_at: Date;
}

const recordOf = (row: CommandRow): CommandRecord => ({
  id: row.id,
  nodeId: row.node_id,
  upgradeId: row.upgrade_id,
  action: row.action,
  expiresAt: row.expires_at,
});

export const findCommand = (em: EntityManager, id: string, nodeId: string): Promise<CommandRecord | null> =>
  em.findOneBy(CommandEntity, { id, nodeId });

export const settleCommand = async (em: EntityManager, id: string, now: Date): Promise<void> =>
  void (await em.update(CommandEntity, { id, settledAt: IsNull() }, { settledAt: now }));

export const settleCommandsOf = async (em: EntityManager, upgradeIds: readonly string[], now: Date): Promise<void> =>
  void (await em.update(CommandEntity, { upgradeId: In([...upgradeIds]), settledAt: IsNull() }, { settledAt: now }));

export const hasOpenCancel = async (em: EntityManager, upgradeId: string): Promise<boolean> => {
  const rows = await em.query<unknown[]>(
    `SELECT 1 FROM commands WHERE upgrade_id = $1 AND settled_at IS NULL AND action->>'kind' = 'cancel' LIMIT 1`,
    [upgradeId],
  );
  return rows.length > 0;
};
