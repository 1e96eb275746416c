import type { EntityManager } from 'typeorm';

export interface DatabaseFacts {
  /** As the server numbers itself: 140005 is 14.5. */
  readonly serverVersion: number;
  /** The best of three. */
  readonly roundTripMs: number;
  /** How far the database is ahead of this machine. */
  readonly clockSkewMs: number;
  /** Sessions that others have been waiting for, for more than five seconds. */
  readonly blockingPids: readonly number[];
}

const TRIES = 3;

export async function readDatabaseFacts(em: EntityManager, now: () => number): Promise<DatabaseFacts> {
  let best = { roundTripMs: Number.POSITIVE_INFINITY, clockSkewMs: 0, serverVersion: 0 };
  for (let tries = 0; tries < TRIES; tries++) {
    const sentAt = now();
    const [row] = await em.query<{ version: string; at: number }[]>(
      `SELECT current_setting('server_version_num') AS version, extract(epoch FROM clock_timestamp())::float8 * 1000 AS at`,
    );
    const roundTripMs = now() - sentAt;
    // It was read somewhere in between; the shorter the trip, the less that matters.
    if (row && roundTripMs < best.roundTripMs)
      best = { roundTripMs, clockSkewMs: row.at - (sentAt + roundTripMs / 2), serverVersion: Number(row.version) };
  }
  const blocking = await em.query<{ pid: number }[]>(
    `SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND state_change < clock_timestamp() - interval '5 seconds'`,
  );
  return { ...best, blockingPids: blocking.map((row) => row.pid) };
}
