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

/** Those of the nodes that have not answered something. */
export async function nodesWithDue(em: EntityManager, nodeIds: readonly string[], now: Date): Promise<Set<string>> {
  const rows = await em.query<{ node_id: string }[]>(
    `SELECT DISTINCT node_id FROM commands c WHERE c.node_id = ANY($1::uuid[]) AND ${DUE}`,
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

/** A command as it goes over the wire. The database writes it: for ten thousand at once that is most of the work. */
export interface DueMessage {
  readonly nodeId: string;
  readonly text: string;
}

/**
 * Marks as sent what is due to the nodes whose sessions these still are, and says what to send, oldest first. The rows of
 * upgrades and commands say "sent" before anything leaves: a cancel that finds `queued` may rely on it.
 *
 * The lock on the sessions keeps a newer one out until this has committed: a replica that holds a superseded socket cannot
 * mark a command as sent that the node then never gets, because the newer session, when it opens, sends all that is marked.
 * `queued` to `sent` is the one move of `advance` that is made for thousands at once: nothing else comes before `sent`.
 * One statement, hence one transaction and one round trip; sessions and upgrades are locked in the order that everybody keeps.
 */
export async function claimDue(
  em: EntityManager,
  sessions: readonly { readonly nodeId: string; readonly epoch: number }[],
  due: Due,
  now: Date,
): Promise<DueMessage[]> {
  const condition = `${DUE} ${due === 'unsent' ? UNSENT : ''}`;
  const rows = await em.query<{ node_id: string; text: string }[]>(
    `WITH ours AS MATERIALIZED (
       SELECT s.node_id FROM node_sessions s JOIN unnest($1::uuid[], $3::bigint[]) AS t(n, e) ON s.node_id = t.n AND s.epoch = t.e
        ORDER BY s.node_id FOR SHARE OF s
     ), running AS MATERIALIZED (
       SELECT u.id FROM upgrades u WHERE u.finished_at IS NULL
          AND u.id IN (SELECT c.upgrade_id FROM commands c JOIN ours ON ours.node_id = c.node_id WHERE ${condition})
        ORDER BY u.id FOR UPDATE OF u
     ), moved AS (
       UPDATE upgrades u SET state = 'sent', steps = steps || jsonb_build_array(jsonb_build_object('state', 'sent', 'at', $4::text))
         FROM running WHERE u.id = running.id AND u.state = 'queued'
     ), sent AS (
       UPDATE commands c SET sent_at = $2 FROM running, ours
        WHERE c.upgrade_id = running.id AND c.node_id = ours.node_id AND ${condition}
        RETURNING c.ordinal, c.node_id, c.id, c.action, c.expires_at
     )
     SELECT node_id, json_build_object('type', 'command', 'id', id, 'node_id', node_id,
            'ttl_secs', greatest(1, floor(extract(epoch FROM expires_at - $2)))::int, 'action', action)::text AS text
       FROM sent ORDER BY ordinal`,
    [sessions.map((session) => session.nodeId), now, sessions.map((session) => session.epoch), now.toISOString()],
  );
  return rows.map((row) => ({ nodeId: row.node_id, text: row.text }));
}

export interface SentCommand extends CommandRecord {
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  readonly settledAt: Date | null;
}

export const findCommand = (em: EntityManager, id: string, nodeId: string): Promise<SentCommand | null> =>
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
