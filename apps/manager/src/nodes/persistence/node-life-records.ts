import type { EntityManager } from 'typeorm';

export interface NodeLife {
  readonly id: string;
  readonly groupId: string;
  readonly group: string;
  readonly name: string;
  readonly displayName: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: number;
  readonly publicKey: string;
  readonly revokedAt: Date | null;
  readonly quarantinedAt: Date | null;
  readonly maintenance: { readonly reason: string; readonly since: string; readonly until: string | null; readonly by: string } | null;
  readonly keyRotationId: string | null;
  readonly keyRotationState: string | null;
}

const COLUMNS = `n.id, n.group_id AS "groupId", g.name AS "group", n.name, n.display_name AS "displayName", n.labels, n.revision,
  n.public_key AS "publicKey", n.revoked_at AS "revokedAt", n.quarantined_at AS "quarantinedAt",
  CASE WHEN n.maintenance_since IS NOT NULL THEN jsonb_build_object('reason', n.maintenance_reason, 'since', n.maintenance_since,
    'until', n.maintenance_until, 'by', n.maintenance_by) END AS maintenance,
  n.key_rotation_id AS "keyRotationId", n.key_rotation_state AS "keyRotationState"`;

/** @returns null for a node that is not there or was decommissioned: nothing about it changes any more. */
export async function lockNodeLife(em: EntityManager, id: string): Promise<NodeLife | null> {
  const rows = await em.query<NodeLife[]>(
    `SELECT ${COLUMNS} FROM nodes n JOIN groups g ON g.id = n.group_id WHERE n.id = $1 AND n.removed_at IS NULL FOR NO KEY UPDATE OF n`,
    [id],
  );
  return rows[0] ?? null;
}

export const lockSession = async (em: EntityManager, nodeId: string): Promise<void> =>
  void (await em.query('SELECT 1 FROM node_sessions WHERE node_id = $1 FOR NO KEY UPDATE', [nodeId]));

/** Columns and values of one change that a person made; `revision` counts them. */
export async function changeNode(em: EntityManager, id: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = Object.keys(change);
  const sets = columns.map((column, index) => `${column} = $${index + 2}`);
  await em.query(`UPDATE nodes SET revision = revision + 1, ${sets.join(', ')} WHERE id = $1`, [
    id,
    ...columns.map((column) => (column === 'labels' || column.endsWith('_details') ? JSON.stringify(change[column]) : change[column])),
  ]);
}

/** Whoever still holds a socket of the node is superseded by this; nobody holds the new one. */
export const endSessions = async (em: EntityManager, id: string, now: Date): Promise<void> =>
  void (await em.query('UPDATE node_sessions SET epoch = epoch + 1, disconnected_at = coalesce(disconnected_at, $2) WHERE node_id = $1', [
    id,
    now,
  ]));

/**
 * Its row stays, for events and upgrades that name it; what only a living node has goes. `revoked_at` is set as well, for a replica of
 * the release before, and the key is given free: the machine may be enrolled again.
 */
export async function removeNode(em: EntityManager, id: string, now: Date): Promise<void> {
  await em.query('DELETE FROM node_sessions WHERE node_id = $1', [id]);
  await em.query(
    `UPDATE nodes SET removed_at = $2, revoked_at = coalesce(revoked_at, $2), public_key = 'removed:' || id, next_public_key = NULL,
       key_rotation_id = NULL, key_rotation_state = NULL, revision = revision + 1 WHERE id = $1`,
    [id, now],
  );
}

export const forgetFormerRuns = async (em: EntityManager, id: string): Promise<void> =>
  void (await em.query('UPDATE node_sessions SET former_runs = NULL WHERE node_id = $1', [id]));

/** @returns the node's group when it was not in quarantine yet. */
export async function quarantineNode(em: EntityManager, id: string, details: object, now: Date): Promise<string | null> {
  const [rows] = await em.query<[{ group_id: string }[], number]>(
    `UPDATE nodes SET quarantined_at = $2, quarantine_details = $3, revision = revision + 1
      WHERE id = $1 AND quarantined_at IS NULL AND removed_at IS NULL RETURNING group_id`,
    [id, now, JSON.stringify(details)],
  );
  return rows[0]?.group_id ?? null;
}

/** @returns false when the key is another node's, or was offered by one. */
export async function storeNextKey(em: EntityManager, id: string, publicKey: string): Promise<boolean> {
  const taken = await em.query<unknown[]>('SELECT 1 FROM nodes WHERE public_key = $2 OR (next_public_key = $2 AND id <> $1) LIMIT 1', [
    id,
    publicKey,
  ]);
  if (taken.length > 0) return false;
  await em.query(`UPDATE nodes SET next_public_key = $2, key_rotation_state = 'offered', key_rotation_error = NULL WHERE id = $1`, [
    id,
    publicKey,
  ]);
  return true;
}

/** The old key ends here. @returns the node's group when there was something to do. */
export async function adoptNextKey(em: EntityManager, id: string, publicKey: string, now: Date): Promise<string | null> {
  const [rows] = await em.query<[{ group_id: string }[], number]>(
    `UPDATE nodes SET public_key = next_public_key, next_public_key = NULL, key_since = $3, key_rotation_id = NULL,
       key_rotation_state = NULL, key_rotation_error = NULL, revision = revision + 1
      WHERE id = $1 AND next_public_key = $2 RETURNING group_id`,
    [id, publicKey, now],
  );
  return rows[0]?.group_id ?? null;
}

export const refuseRotation = async (em: EntityManager, id: string, rotationId: string, errorCode: string): Promise<boolean> => {
  const [, count] = await em.query<[unknown[], number]>(
    `UPDATE nodes SET key_rotation_state = 'refused', key_rotation_error = $3
      WHERE id = $1 AND key_rotation_id = $2 AND key_rotation_state = 'asked'`,
    [id, rotationId, errorCode],
  );
  return count > 0;
};

/** How nodes stand that this replica holds sockets of. */
export interface HeldStanding {
  readonly id: string;
  readonly groupId: string;
  readonly revoked: boolean;
  readonly removed: boolean;
  /** Of the command that asks for a new key, unanswered. */
  readonly keyRotationId: string | null;
}

export const standingsOf = (em: EntityManager, ids: readonly string[]): Promise<HeldStanding[]> =>
  em.query<HeldStanding[]>(
    `SELECT id, group_id AS "groupId", revoked_at IS NOT NULL AS revoked, removed_at IS NOT NULL AS removed,
       CASE WHEN key_rotation_state = 'asked' THEN key_rotation_id END AS "keyRotationId"
      FROM nodes WHERE id = ANY($1::uuid[])`,
    [ids],
  );
