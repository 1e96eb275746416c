import type { EntityManager } from 'typeorm';

export interface ReplicaRecord {
  readonly id: string;
  readonly softwareVersion: string;
  readonly address: string;
}

/** @returns false when the row was not there: this is its first sign of life, or others had given it up. */
export async function showAlive(em: EntityManager, replica: ReplicaRecord): Promise<boolean> {
  const rows = await em.query<{ inserted: boolean }[]>(
    `INSERT INTO replicas (id, started_at, seen_at, software_version, address) VALUES ($1, clock_timestamp(), clock_timestamp(), $2, $3)
     ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp() RETURNING xmax = 0 AS inserted`,
    [replica.id, replica.softwareVersion, replica.address],
  );
  return rows[0]?.inserted === false;
}

export type DeadReplica = Pick<ReplicaRecord, 'id' | 'address'>;

/** Takes the rows of those that have been silent for so long; of two replicas that look at once, one gets them. */
export async function takeSilent(em: EntityManager, silentMs: number): Promise<DeadReplica[]> {
  const [rows] = await em.query<[DeadReplica[], number]>(
    `DELETE FROM replicas WHERE id IN (
       SELECT id FROM replicas WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond' FOR UPDATE SKIP LOCKED
     ) RETURNING id, address`,
    [silentMs],
  );
  return rows;
}

export const removeReplica = async (em: EntityManager, id: string): Promise<void> =>
  void (await em.query('DELETE FROM replicas WHERE id = $1', [id]));
