import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
import { NodeLife1763710000021 } from './node-life-migration.ts';
import { NodeLists1763710000022 } from './node-list-migration.ts';
import { NodeEntity } from './node.entity.ts';
import { RegistrationTokenEntity } from './registration-token.entity.ts';

class Nodes1763700000004 implements MigrationInterface {
  readonly name = 'Nodes1763700000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE nodes (
        id uuid PRIMARY KEY,
        group_id uuid NOT NULL REFERENCES groups,
        device_type text NOT NULL,
        name text NOT NULL,
        public_key text NOT NULL UNIQUE,
        facts jsonb NOT NULL,
        enrolled_at timestamptz NOT NULL,
        revoked_at timestamptz
      )`);
    await runner.query('CREATE INDEX nodes_group_name ON nodes (group_id, name, id)');
    await runner.query(`
      CREATE TABLE registration_tokens (
        id uuid PRIMARY KEY,
        token_hash bytea NOT NULL UNIQUE,
        group_id uuid NOT NULL REFERENCES groups,
        device_type text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_by_node uuid REFERENCES nodes ON DELETE SET NULL,
        used_at timestamptz
      )`);
    // The epoch fences: a beat or a goodbye of a session that was superseded changes nothing any more.
    await runner.query(`
      CREATE TABLE node_sessions (
        node_id uuid PRIMARY KEY REFERENCES nodes ON DELETE CASCADE,
        epoch bigint NOT NULL,
        connected_at timestamptz NOT NULL,
        disconnected_at timestamptz,
        run_id uuid NOT NULL,
        boot_id text NOT NULL,
        machine_id text NOT NULL,
        software_version text NOT NULL,
        in_trial boolean NOT NULL
      ) WITH (fillfactor = 70)`);
    // Written every few seconds per node, so narrow, without indexes, and with room for updates in place.
    await runner.query(`
      CREATE TABLE node_beats (
        node_id uuid PRIMARY KEY REFERENCES nodes ON DELETE CASCADE,
        epoch bigint NOT NULL,
        last_beat_at timestamptz NOT NULL,
        software_version text NOT NULL,
        report jsonb NOT NULL
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE node_beats, node_sessions, registration_tokens, nodes');
  }
}

class SessionReplicas1763710000029 implements MigrationInterface {
  readonly name = 'SessionReplicas1763710000029';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Null in rows of a release that did not know of replicas.
    await runner.query('ALTER TABLE node_sessions ADD COLUMN replica_id uuid');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_sessions DROP COLUMN replica_id');
  }
}

class OpenSessions1763710000030 implements MigrationInterface {
  readonly name = 'OpenSessions1763710000030';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // What an interrupted try left behind is an index that is never used and always maintained.
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS node_sessions_open');
    await runner.query('CREATE INDEX CONCURRENTLY node_sessions_open ON node_sessions (replica_id) WHERE disconnected_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY node_sessions_open');
  }
}

export const nodesPersistence: Persistence = {
  entities: [NodeEntity, RegistrationTokenEntity],
  migrations: [Nodes1763700000004, NodeLife1763710000021, NodeLists1763710000022, SessionReplicas1763710000029, OpenSessions1763710000030],
};
