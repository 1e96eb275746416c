import type { EntityManager } from 'typeorm';

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: Date;
  readonly revision: number;
  readonly nodes: number;
}

const GROUP = `SELECT g.id, g.name, g.created_at, g.revision, (SELECT count(*)::int FROM nodes n WHERE n.group_id = g.id AND n.removed_at IS NULL) AS nodes FROM groups g`;

export const findGroup = async (em: EntityManager, id: string): Promise<GroupRow | null> =>
  (await em.query<GroupRow[]>(`${GROUP} WHERE g.id = $1`, [id]))[0] ?? null;

/** @param ids null for all of them. One more than asked for tells whether there is a next page. */
export const selectGroups = (
  em: EntityManager,
  query: { search?: string | undefined; limit: number },
  ids: readonly string[] | null,
  after: string | null,
): Promise<GroupRow[]> =>
  em.query<GroupRow[]>(
    `${GROUP}
      WHERE ($1::uuid[] IS NULL OR g.id = ANY ($1)) AND ($2::text IS NULL OR position(lower($2) in lower(g.name)) > 0)
        AND ($3::text IS NULL OR g.name > $3)
      ORDER BY g.name LIMIT $4`,
    [ids, query.search ?? null, after, query.limit + 1],
  );

/** How many of these groups there are. */
export async function countGroups(em: EntityManager, ids: readonly string[]): Promise<number> {
  const [row] = await em.query<{ count: number }[]>('SELECT count(*)::int AS count FROM groups WHERE id = ANY ($1::uuid[])', [ids]);
  return row?.count ?? 0;
}

/** @returns false when the name is taken. */
export async function insertGroup(em: EntityManager, id: string, name: string, now: Date): Promise<boolean> {
  const rows = await em.query<unknown[]>(
    'INSERT INTO groups (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING id',
    [id, name, now],
  );
  return rows.length > 0;
}

export const lockGroup = async (em: EntityManager, id: string): Promise<{ name: string; revision: number } | null> =>
  (await em.query<{ name: string; revision: number }[]>('SELECT name, revision FROM groups WHERE id = $1 FOR UPDATE', [id]))[0] ?? null;

const UNIQUE_VIOLATION = '23505';

/** @returns false when the name is taken; the transaction can only be undone then. */
export async function renameGroup(em: EntityManager, id: string, name: string): Promise<boolean> {
  try {
    await em.query('UPDATE groups SET name = $2, revision = revision + 1 WHERE id = $1', [id, name]);
    return true;
  } catch (error) {
    if ((error as { driverError?: { code?: string } }).driverError?.code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

/** Before the group is locked: enrolment locks a token first and then its group, and two orders would be a deadlock. */
export const deleteTokensOfGroup = async (em: EntityManager, groupId: string): Promise<void> =>
  void (await em.query('DELETE FROM registration_tokens WHERE group_id = $1', [groupId]));

export async function countNodes(em: EntityManager, groupId: string): Promise<number> {
  const [row] = await em.query<{ count: number }[]>('SELECT count(*)::int AS count FROM nodes WHERE group_id = $1', [groupId]);
  return row?.count ?? 0;
}

/** With its memberships. */
export const deleteGroup = async (em: EntityManager, id: string): Promise<void> =>
  void (await em.query('DELETE FROM groups WHERE id = $1', [id]));
