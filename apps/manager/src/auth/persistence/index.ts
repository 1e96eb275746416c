import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
import { AccountSessionEntity } from './account-session.entity.ts';
import { UserEntity } from './user.entity.ts';

class Accounts1763700000002 implements MigrationInterface {
  readonly name = 'Accounts1763700000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE groups (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`INSERT INTO groups (name) VALUES ('default')`);
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        username text NOT NULL UNIQUE CHECK (username = lower(username)),
        password_hash text NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'super_admin')),
        created_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE memberships (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
        role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
        PRIMARY KEY (user_id, group_id)
      )`);
    await runner.query(`
      CREATE TABLE account_sessions (
        id_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        address text NOT NULL
      )`);
    await runner.query('CREATE INDEX account_sessions_expiry ON account_sessions (expires_at)');
    // By name and not by user: a name nobody has locks just the same, so a lock tells nothing about who exists.
    await runner.query(`
      CREATE TABLE sign_in_failures (
        username text PRIMARY KEY,
        failures integer NOT NULL,
        locked_until timestamptz,
        updated_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sign_in_failures, account_sessions, memberships, users, groups');
  }
}

export const authPersistence: Persistence = { entities: [UserEntity, AccountSessionEntity], migrations: [Accounts1763700000002] };
