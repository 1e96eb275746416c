import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
import { SEALED_KEY } from './audit-heads.ts';

class Audit1763700000003 implements MigrationInterface {
  readonly name = 'Audit1763700000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        target_kind text NOT NULL,
        target_id text NOT NULL,
        address text,
        details jsonb NOT NULL DEFAULT '{}'
      )`);
    await runner.query('CREATE INDEX audit_target ON audit (target_kind, target_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit');
  }
}

class AuditChain1763710000061 implements MigrationInterface {
  readonly name = 'AuditChain1763710000061';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Given after the commit, by the sequencer: writers do not queue behind the chain.
    await runner.query('ALTER TABLE audit ADD COLUMN position bigint, ADD COLUMN prev_hash bytea, ADD COLUMN hash bytea');
    await runner.query(`
      CREATE TABLE audit_heads (
        position bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('head', 'anchor')),
        hash bytea NOT NULL,
        signed_at timestamptz NOT NULL,
        key_id text NOT NULL,
        signature text NOT NULL,
        PRIMARY KEY (position, kind)
      )`);
    await runner.query('CREATE TABLE audit_keys (key_id text PRIMARY KEY, public_key text NOT NULL, created_at timestamptz NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_keys, audit_heads');
    await runner.query('ALTER TABLE audit DROP COLUMN position, DROP COLUMN prev_hash, DROP COLUMN hash');
  }
}

const INDEXES: Readonly<Record<string, string>> = {
  audit_waiting: 'INDEX CONCURRENTLY audit_waiting ON audit (id) WHERE position IS NULL',
  audit_position: 'UNIQUE INDEX CONCURRENTLY audit_position ON audit (position)',
  audit_at: 'INDEX CONCURRENTLY audit_at ON audit (at)',
  audit_actor: 'INDEX CONCURRENTLY audit_actor ON audit (actor, position)',
  audit_action: 'INDEX CONCURRENTLY audit_action ON audit (action, position)',
};

/** Outside any transaction: writers go on meanwhile. Can be cut off and run again; what was left behind then is invalid. */
class AuditIndexes1763710000062 implements MigrationInterface {
  readonly name = 'AuditIndexes1763710000062';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SET statement_timeout = 0');
    for (const [name, definition] of Object.entries(INDEXES)) {
      await runner.query(`DROP INDEX IF EXISTS ${name}`);
      await runner.query(`CREATE ${definition}`);
    }
    await runner.query('RESET statement_timeout');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES)) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  }
}

class AuditKeySealed1763710000063 implements MigrationInterface {
  readonly name = 'AuditKeySealed1763710000063';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Empty for a key whose private half lies in a file of an earlier release, or is no longer used.
    await runner.query('ALTER TABLE audit_keys ADD COLUMN sealed_key text, ADD COLUMN sealed_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_keys DROP COLUMN sealed_key, DROP COLUMN sealed_at');
  }
}

export const auditPersistence: Persistence = {
  entities: [],
  migrations: [Audit1763700000003, AuditChain1763710000061, AuditIndexes1763710000062, AuditKeySealed1763710000063],
  sealed: [SEALED_KEY],
};
