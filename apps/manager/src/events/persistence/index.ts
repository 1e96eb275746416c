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

export const eventsPersistence: Persistence = { entities: [], migrations: [Events1763700000005] };
