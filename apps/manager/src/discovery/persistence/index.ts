import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';

class Discovery1763710000031 implements MigrationInterface {
  readonly name = 'Discovery1763710000031';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // One row for the whole installation. Whoever changes anything of discovery moves the revision from the value they read.
    await runner.query(`
      CREATE TABLE discovery_state (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        revision bigint NOT NULL DEFAULT 0,
        started_at timestamptz,
        busy_until timestamptz,
        checked_at timestamptz
      )`);
    await runner.query('INSERT INTO discovery_state DEFAULT VALUES');
    await runner.query(`
      CREATE TABLE discovery_remotes (
        device_type text PRIMARY KEY,
        remote_key text NOT NULL,
        checked_at timestamptz NOT NULL,
        error_code text,
        version_count integer NOT NULL DEFAULT 0,
        newest_version text
      )`);
    await runner.query(`
      CREATE TABLE discovery_tags (
        device_type text NOT NULL REFERENCES discovery_remotes ON DELETE CASCADE,
        version text NOT NULL,
        tag text NOT NULL,
        commit text NOT NULL,
        tag_object text,
        PRIMARY KEY (device_type, version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE discovery_tags, discovery_remotes, discovery_state');
  }
}

export const discoveryPersistence: Persistence = { entities: [], migrations: [Discovery1763710000031] };
