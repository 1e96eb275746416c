import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';

class MirrorFiles1763710000032 implements MigrationInterface {
  readonly name = 'MirrorFiles1763710000032';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Ids in the database, so that a file described by one replica is found by every other one.
    await runner.query(`
      CREATE TABLE mirror_files (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        device_type text NOT NULL,
        version text NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL,
        size bigint NOT NULL,
        described_at timestamptz NOT NULL,
        UNIQUE (device_type, version, name, sha256)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mirror_files');
  }
}

export const releasesPersistence: Persistence = { entities: [], migrations: [MirrorFiles1763710000032] };
