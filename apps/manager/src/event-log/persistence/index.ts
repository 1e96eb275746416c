import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';

class Events1763700000005 implements MigrationInterface {
  readonly name = 'Events1763700000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Partitions by month of receipt (a node's own clock may be at 1980), so that retention drops tables and not rows.
    // A unique key would have to hold the month, so duplicates are found by event_marks instead.
    await runner.query(`
      CREATE TABLE events (
        ordinal bigint GENERATED ALWAYS AS IDENTITY,
        id uuid NOT NULL,
        node_id uuid NOT NULL,
        group_id uuid NOT NULL,
        spool_id uuid NOT NULL,
        seq bigint NOT NULL,
        name text NOT NULL,
        category text NOT NULL,
        severity text NOT NULL,
        at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        details jsonb NOT NULL,
        PRIMARY KEY (ordinal, received_at)
      ) PARTITION BY RANGE (received_at)`);
    await runner.query('CREATE TABLE events_default PARTITION OF events DEFAULT');
    await runner.query('CREATE INDEX events_of_node ON events (node_id, ordinal DESC)');
    await runner.query(`
      CREATE TABLE event_marks (
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        spool_id uuid NOT NULL,
        seq bigint NOT NULL,
        PRIMARY KEY (node_id, spool_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE event_marks, events');
  }
}

class EventPositions1763710000051 implements MigrationInterface {
  readonly name = 'EventPositions1763710000051';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query('ALTER TABLE events ADD COLUMN position bigint');
    // The manager's own events come from no node's spool; some concern no node, some no group.
    await runner.query(`
      ALTER TABLE events ALTER COLUMN node_id DROP NOT NULL, ALTER COLUMN group_id DROP NOT NULL,
        ALTER COLUMN spool_id DROP NOT NULL, ALTER COLUMN seq DROP NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE events DROP COLUMN position');
  }
}

/**
 * All but the first index hold rows with a position only: a writer pays for two, and the sequencer for the rest, behind the
 * acknowledgement.
 */
const INDEXES: Readonly<Record<string, string>> = {
  events_waiting: '(ordinal) WHERE position IS NULL',
  events_position: '(position) WHERE position IS NOT NULL',
  events_node_position: '(node_id, position) WHERE position IS NOT NULL',
  events_group_position: '(group_id, position) WHERE position IS NOT NULL',
  events_name_position: '(name, position) WHERE position IS NOT NULL',
  events_code_position: `((details->>'error_code'), position) WHERE position IS NOT NULL AND details ? 'error_code'`,
  events_grave_position: `(position) WHERE position IS NOT NULL AND severity <> 'info'`,
  events_critical_position: `(position) WHERE position IS NOT NULL AND severity = 'critical'`,
};

/** Outside any transaction, each on its own: writers go on meanwhile, however many rows there are. Can be cut off and run again. */
class EventIndexes1763710000052 implements MigrationInterface {
  readonly name = 'EventIndexes1763710000052';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SET statement_timeout = 0');
    for (const [name, definition] of Object.entries(INDEXES)) await buildOnPartitions(runner, name, definition);
    await runner.query('RESET statement_timeout');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES)) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  }
}

/** PostgreSQL builds no partitioned index concurrently: the parts are built so, and then joined. */
async function buildOnPartitions(runner: QueryRunner, name: string, definition: string): Promise<void> {
  await runner.query(`CREATE INDEX IF NOT EXISTS ${name} ON ONLY events ${definition}`);
  const parts = (await runner.query(
    `SELECT inhrelid::regclass::text AS part, row_number() OVER (ORDER BY inhrelid::regclass::text) AS n FROM pg_inherits p
      WHERE inhparent = 'events'::regclass AND NOT EXISTS (
        SELECT FROM pg_index i JOIN pg_inherits a ON a.inhrelid = i.indexrelid AND a.inhparent = $1::regclass WHERE i.indrelid = p.inhrelid)`,
    [name],
  )) as { part: string }[];
  for (const { part } of parts) {
    const ofPart = `${part}${name.slice('events'.length)}`;
    // What an attempt that was cut off left behind is invalid, and would be kept by IF NOT EXISTS.
    await runner.query(`DROP INDEX IF EXISTS ${ofPart}`);
    await runner.query(`CREATE INDEX CONCURRENTLY ${ofPart} ON ${part} ${definition}`);
    await runner.query(`ALTER INDEX ${name} ATTACH PARTITION ${ofPart}`);
  }
}

export const eventLogPersistence: Persistence = {
  entities: [],
  migrations: [Events1763700000005, EventPositions1763710000051, EventIndexes1763710000052],
};
