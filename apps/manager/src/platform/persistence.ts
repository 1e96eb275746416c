import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from './database/data-source.ts';

class Installation1763700000001 implements MigrationInterface {
  readonly name = 'Installation1763700000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // One row: the id that nodes pin at enrolment. It belongs to the data, not to a process or a machine.
    await runner.query(`
      CREATE TABLE installation (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        manager_id uuid NOT NULL DEFAULT gen_random_uuid(),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('INSERT INTO installation DEFAULT VALUES');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE installation');
  }
}

export const platformPersistence: Persistence = { entities: [], migrations: [Installation1763700000001] };
