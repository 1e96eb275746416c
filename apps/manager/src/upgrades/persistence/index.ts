import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';
import { CommandEntity } from './command.entity.ts';
import { UpgradeEntity } from './upgrade.entity.ts';

class Upgrades1763700000006 implements MigrationInterface {
  readonly name = 'Upgrades1763700000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE upgrades (
        id uuid PRIMARY KEY,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        group_id uuid NOT NULL,
        action text NOT NULL,
        version text NOT NULL,
        channel text NOT NULL,
        from_version text,
        state text NOT NULL,
        progress jsonb,
        attempt_id text,
        error_code text,
        error_details jsonb NOT NULL DEFAULT '{}',
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        deadline_at timestamptz NOT NULL,
        finished_at timestamptz,
        steps jsonb NOT NULL
      )`);
    // One running upgrade per node, whoever asks and through whichever replica: the database says so.
    await runner.query('CREATE UNIQUE INDEX upgrades_one_running ON upgrades (node_id) WHERE finished_at IS NULL');
    await runner.query('CREATE INDEX upgrades_of_node ON upgrades (node_id, requested_at DESC, id DESC)');
    await runner.query('CREATE INDEX upgrades_due ON upgrades (deadline_at) WHERE finished_at IS NULL');
    await runner.query(`
      CREATE TABLE commands (
        id uuid PRIMARY KEY,
        ordinal bigint GENERATED ALWAYS AS IDENTITY,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        upgrade_id uuid NOT NULL REFERENCES upgrades ON DELETE CASCADE,
        action jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        sent_at timestamptz,
        settled_at timestamptz
      )`);
    await runner.query('CREATE INDEX commands_open ON commands (node_id, ordinal) WHERE settled_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE commands, upgrades');
  }
}

class UnsentCommands1763710000040 implements MigrationInterface {
  readonly name = 'UnsentCommands1763710000040';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // What an interrupted try left behind is an index that is never used and always maintained.
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS commands_unsent');
    await runner.query('CREATE INDEX CONCURRENTLY commands_unsent ON commands (node_id) WHERE settled_at IS NULL AND sent_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY commands_unsent');
  }
}

class CommandsOfUpgrade1763710000041 implements MigrationInterface {
  readonly name = 'CommandsOfUpgrade1763710000041';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS commands_of_upgrade');
    await runner.query('CREATE INDEX CONCURRENTLY commands_of_upgrade ON commands (upgrade_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY commands_of_upgrade');
  }
}

class UpgradeRequests1763710000042 implements MigrationInterface {
  readonly name = 'UpgradeRequests1763710000042';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(
      'ALTER TABLE upgrades ADD COLUMN expected_manifest_sha256 text, ADD COLUMN retry_skipped boolean NOT NULL DEFAULT false',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE upgrades DROP COLUMN expected_manifest_sha256, DROP COLUMN retry_skipped');
  }
}

class UpgradesByTime1763710000043 implements MigrationInterface {
  readonly name = 'UpgradesByTime1763710000043';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS upgrades_by_time');
    await runner.query('CREATE INDEX CONCURRENTLY upgrades_by_time ON upgrades (requested_at DESC, id DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY upgrades_by_time');
  }
}

/**
 * Once per statement: a wave makes hundreds of upgrades in one, and a function call for each was a fifth of its time. Moves still come
 * one by one, most of them without a new state, and keep their trigger for each row.
 */
class UpgradesMadeBySet1763710000045 implements MigrationInterface {
  readonly name = 'UpgradesMadeBySet1763710000045';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE FUNCTION project_upgrades_made() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE nodes n SET upgrade_id = newest.id, upgrade_state = newest.state
          FROM (SELECT DISTINCT ON (node_id) node_id, id, state FROM made ORDER BY node_id, requested_at DESC, id DESC) newest
         WHERE n.id = newest.node_id;
        RETURN NULL;
      END $$`);
    await runner.query('DROP TRIGGER project_upgrade_made ON upgrades');
    await runner.query(`CREATE TRIGGER project_upgrades_made AFTER INSERT ON upgrades REFERENCING NEW TABLE AS made
      FOR EACH STATEMENT EXECUTE FUNCTION project_upgrades_made()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER project_upgrades_made ON upgrades');
    await runner.query('DROP FUNCTION project_upgrades_made');
    await runner.query('CREATE TRIGGER project_upgrade_made AFTER INSERT ON upgrades FOR EACH ROW EXECUTE FUNCTION project_upgrade()');
  }
}

class UpgradeWatch1763710000046 implements MigrationInterface {
  readonly name = 'UpgradeWatch1763710000046';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // One row at most: when deadlines were looked at last, by whichever replica.
    await runner.query('CREATE TABLE upgrade_watch (id boolean PRIMARY KEY CHECK (id), watched_at timestamptz NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE upgrade_watch');
  }
}

export const upgradesPersistence: Persistence = {
  entities: [UpgradeEntity, CommandEntity],
  migrations: [
    Upgrades1763700000006,
    UnsentCommands1763710000040,
    CommandsOfUpgrade1763710000041,
    UpgradeRequests1763710000042,
    UpgradesByTime1763710000043,
    UpgradesMadeBySet1763710000045,
    UpgradeWatch1763710000046,
  ],
};
