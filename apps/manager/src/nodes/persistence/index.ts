import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
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

export const nodesPersistence: Persistence = { entities: [NodeEntity, RegistrationTokenEntity], migrations: [Nodes1763700000004] };
