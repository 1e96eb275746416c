import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../database/data-source.ts';

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

class Leases1763710000071 implements MigrationInterface {
  readonly name = 'Leases1763710000071';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE leases (
        name text PRIMARY KEY,
        holder uuid,
        fence bigint NOT NULL,
        expires_at timestamptz NOT NULL
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE leases');
  }
}

class Replicas1763710000072 implements MigrationInterface {
  readonly name = 'Replicas1763710000072';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE replicas (
        id uuid PRIMARY KEY,
        started_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        software_version text NOT NULL,
        address text NOT NULL
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE replicas');
  }
}

class SecretKeys1763710000073 implements MigrationInterface {
  readonly name = 'SecretKeys1763710000073';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query('CREATE TABLE secret_keys (key_id text PRIMARY KEY, created_at timestamptz NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE secret_keys');
  }
}

export const platformPersistence: Persistence = {
  entities: [],
  migrations: [Installation1763700000001, Leases1763710000071, Replicas1763710000072, SecretKeys1763710000073],
};
