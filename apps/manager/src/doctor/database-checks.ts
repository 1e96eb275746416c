import type { MigrationState } from '../platform/index.ts';
import { found, type Finding } from './finding.ts';
import type { DatabaseFacts } from './persistence/database-facts.ts';

const OLDEST_SERVER = 140_000;
const SLOW_MS = 50;
const SKEW_MS = 2000;

export function judgeDatabase(facts: DatabaseFacts, migrations: MigrationState): Finding[] {
  const { serverVersion, roundTripMs, clockSkewMs, blockingPids } = facts;
  return [
    ...found(serverVersion < OLDEST_SERVER, 'database_too_old', 'broken', { server_version_num: serverVersion }),
    ...found(roundTripMs > SLOW_MS, 'database_slow', 'notice', { round_trip_ms: roundTripMs }),
    ...found(Math.abs(clockSkewMs) > SKEW_MS, 'clock_skewed', 'broken', { skew_ms: Math.round(clockSkewMs) }),
    ...found(blockingPids.length > 0, 'database_blocked', 'broken', { pids: blockingPids.map(String) }),
    ...found(migrations.pending.length > 0, 'migrations_pending', 'notice', { migrations: [...migrations.pending] }),
    ...found(migrations.unknown.length > 0, 'schema_too_new', 'broken', { migrations: [...migrations.unknown] }),
  ];
}
