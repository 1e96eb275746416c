import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
import { SEALED_SECRET } from './second-factor-records.ts';

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

class Members1763710000011 implements MigrationInterface {
  readonly name = 'Members1763710000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      ALTER TABLE users
        ADD COLUMN disabled_at timestamptz,
        ADD COLUMN expires_at timestamptz,
        ADD COLUMN one_time_until timestamptz,
        ADD COLUMN last_sign_in_at timestamptz,
        ADD COLUMN revision integer NOT NULL DEFAULT 1`);
    await runner.query('ALTER TABLE groups ADD COLUMN revision integer NOT NULL DEFAULT 1');
    // The id is for people to name a session by; the hash that opens it never leaves.
    await runner.query('ALTER TABLE account_sessions ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN user_agent text');
    await runner.query('CREATE INDEX account_sessions_user ON account_sessions (user_id)');
    await runner.query('CREATE INDEX memberships_group ON memberships (group_id)');
    // Limited by a column and not by having rows: when its last node is removed, it must not become unlimited.
    await runner.query('ALTER TABLE memberships ADD COLUMN limited boolean NOT NULL DEFAULT false');
    await runner.query(`
      CREATE TABLE membership_nodes (
        user_id uuid NOT NULL,
        group_id uuid NOT NULL,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        PRIMARY KEY (user_id, group_id, node_id),
        FOREIGN KEY (user_id, group_id) REFERENCES memberships ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX membership_nodes_node ON membership_nodes (node_id)');
    // Groups as an array without references, for the same reason: a token limited to groups that are gone works nowhere.
    await runner.query(`
      CREATE TABLE api_tokens (
        id uuid PRIMARY KEY,
        token_hash bytea NOT NULL UNIQUE,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        name text NOT NULL,
        scopes text[] NOT NULL,
        group_ids uuid[],
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        last_used_at timestamptz,
        UNIQUE (user_id, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE api_tokens, membership_nodes');
    await runner.query('ALTER TABLE memberships DROP COLUMN limited');
    await runner.query('DROP INDEX memberships_group, account_sessions_user');
    await runner.query('ALTER TABLE account_sessions DROP COLUMN id, DROP COLUMN user_agent');
    await runner.query('ALTER TABLE groups DROP COLUMN revision');
    await runner.query(
      'ALTER TABLE users DROP COLUMN disabled_at, DROP COLUMN expires_at, DROP COLUMN one_time_until, DROP COLUMN last_sign_in_at, DROP COLUMN revision',
    );
  }
}

class SecondFactors1763710000012 implements MigrationInterface {
  readonly name = 'SecondFactors1763710000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Not on until it is confirmed: whoever mistyped the secret must not be locked out.
    await runner.query(`
      CREATE TABLE second_factors (
        user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        sealed_secret text NOT NULL,
        created_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        last_step bigint NOT NULL DEFAULT 0
      )`);
    await runner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
        code_hash bytea NOT NULL,
        PRIMARY KEY (user_id, code_hash)
      )`);
    await runner.query(`
      CREATE TABLE sign_in_challenges (
        id_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        password_digest bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        tries integer NOT NULL DEFAULT 0
      )`);
    await runner.query('CREATE INDEX sign_in_challenges_user ON sign_in_challenges (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sign_in_challenges, recovery_codes, second_factors');
  }
}

class OidcSignIn1763710000013 implements MigrationInterface {
  readonly name = 'OidcSignIn1763710000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`ALTER TABLE account_sessions ADD COLUMN method text NOT NULL DEFAULT 'password'`);
    // What the mapping of claims gave it may take back; what a person gave it leaves alone.
    await runner.query(`ALTER TABLE memberships ADD COLUMN source text NOT NULL DEFAULT 'manual'`);
    await runner.query(`ALTER TABLE users ADD COLUMN role_source text NOT NULL DEFAULT 'manual'`);
    await runner.query(`
      CREATE TABLE oidc_identities (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        issuer text NOT NULL,
        subject text NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz,
        UNIQUE (issuer, subject)
      )`);
    await runner.query('CREATE INDEX oidc_identities_user ON oidc_identities (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE oidc_identities');
    await runner.query('ALTER TABLE users DROP COLUMN role_source');
    await runner.query('ALTER TABLE memberships DROP COLUMN source');
    await runner.query('ALTER TABLE account_sessions DROP COLUMN method');
  }
}

export const authPersistence: Persistence = {
  entities: [],
  migrations: [Accounts1763700000002, Members1763710000011, SecondFactors1763710000012, OidcSignIn1763710000013],
  sealed: [SEALED_SECRET],
};
