import type { GroupRole } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';

export interface MemberRow {
  readonly user_id: string;
  readonly username: string;
  readonly role: GroupRole;
  readonly node_ids: string[] | null;
}

const MEMBER = `
  SELECT m.user_id, u.username, m.role, CASE WHEN m.limited THEN (
           SELECT coalesce(jsonb_agg(mn.node_id ORDER BY mn.node_id), '[]') FROM membership_nodes mn
            WHERE mn.user_id = m.user_id AND mn.group_id = m.group_id) END AS node_ids
    FROM memberships m JOIN users u ON u.id = m.user_id`;

export const findUserId = async (em: EntityManager, username: string): Promise<string | null> =>
  (await em.query<{ id: string }[]>('SELECT id FROM users WHERE username = $1', [username]))[0]?.id ?? null;

export const findMember = async (em: EntityManager, groupId: string, userId: string): Promise<MemberRow | null> =>
  (await em.query<MemberRow[]>(`${MEMBER} WHERE m.group_id = $1 AND m.user_id = $2`, [groupId, userId]))[0] ?? null;

/** One more than asked for tells whether there is a next page. */
export const selectMembers = (em: EntityManager, groupId: string, limit: number, after: string | null): Promise<MemberRow[]> =>
  em.query<MemberRow[]>(`${MEMBER} WHERE m.group_id = $1 AND ($2::text IS NULL OR u.username > $2) ORDER BY u.username LIMIT $3`, [
    groupId,
    after,
    limit + 1,
  ]);

/** Which of these are no nodes of the group. */
export const notInGroup = async (em: EntityManager, groupId: string, nodeIds: readonly string[]): Promise<string[]> =>
  (
    await em.query<{ id: string }[]>(
      `SELECT asked.id FROM unnest($2::uuid[]) AS asked (id)
        WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = asked.id AND n.group_id = $1 AND n.removed_at IS NULL)`,
      [groupId, nodeIds],
    )
  ).map((row) => row.id);

export async function writeMember(
  em: EntityManager,
  member: { groupId: string; userId: string; role: GroupRole; nodeIds: readonly string[] | null },
): Promise<void> {
  const { groupId, userId, role, nodeIds } = member;
  await em.query(
    `INSERT INTO memberships (user_id, group_id, role, limited) VALUES ($1, $2, $3, $4)
     ON CONFLICT (user_id, group_id) DO UPDATE SET role = $3, limited = $4, source = 'manual'`,
    [userId, groupId, role, nodeIds !== null],
  );
  await em.query('DELETE FROM membership_nodes WHERE user_id = $1 AND group_id = $2', [userId, groupId]);
  if (nodeIds)
    await em.query(
      'INSERT INTO membership_nodes (user_id, group_id, node_id) SELECT DISTINCT $1::uuid, $2::uuid, id FROM unnest($3::uuid[]) AS id',
      [userId, groupId, nodeIds],
    );
}

export const deleteMember = async (em: EntityManager, groupId: string, userId: string): Promise<void> =>
  void (await em.query('DELETE FROM memberships WHERE group_id = $1 AND user_id = $2', [groupId, userId]));
