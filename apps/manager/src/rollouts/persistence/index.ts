import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';

/** The only source of counts: a page and a decision that disagree cannot be explained to anybody. */
const COUNTS = `
  CREATE VIEW rollout_counts AS
  SELECT t.rollout_id, t.wave,
      count(*) FILTER (WHERE t.state <> 'removed')::int AS total,
      count(*) FILTER (WHERE t.state = 'pending')::int AS pending,
      count(*) FILTER (WHERE t.state = 'pending' AND r.strategy->>'offline' = 'wait' AND s.node_id IS NULL)::int AS waiting_offline,
      count(*) FILTER (WHERE t.state IN ('due', 'in_progress'))::int AS in_flight,
      count(*) FILTER (WHERE t.state = 'committed')::int AS committed,
      count(*) FILTER (WHERE t.state = 'committed' AND t.health = 'lost')::int AS lost,
      count(*) FILTER (WHERE t.state = 'committed' AND t.health = 'regressed')::int AS regressed,
      count(*) FILTER (WHERE t.state = 'failed')::int AS failed,
      count(*) FILTER (WHERE t.state = 'rolled_back')::int AS rolled_back,
      count(*) FILTER (WHERE t.state = 'refused')::int AS refused,
      count(*) FILTER (WHERE t.state = 'skipped')::int AS skipped,
      count(*) FILTER (WHERE t.state = 'offline')::int AS offline,
      count(*) FILTER (WHERE t.state = 'removed')::int AS removed
    FROM rollout_targets t JOIN rollouts r ON r.id = t.rollout_id
    LEFT JOIN node_sessions s ON t.state = 'pending' AND s.node_id = t.node_id AND s.disconnected_at IS NULL
   GROUP BY t.rollout_id, t.wave`;

class Rollouts1763710000091 implements MigrationInterface {
  readonly name = 'Rollouts1763710000091';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await this.createRollouts(runner);
    await this.createTargets(runner);
    await runner.query(COUNTS);
  }

  private async createRollouts(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE rollouts (
        id uuid PRIMARY KEY,
        group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
        device_type text NOT NULL,
        version text NOT NULL,
        channel text NOT NULL,
        strategy jsonb NOT NULL,
        phase text NOT NULL,
        reason text NOT NULL,
        waits_for text NOT NULL,
        wave integer NOT NULL,
        waves integer NOT NULL,
        settle_until timestamptz,
        catch_up_until timestamptz,
        acknowledged integer[] NOT NULL,
        approved integer[] NOT NULL,
        manifest_sha256 text NOT NULL,
        source_revision text,
        tag_commit text,
        provenance text NOT NULL,
        created_by text NOT NULL,
        created_by_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        ended_at timestamptz,
        look_at timestamptz,
        next_at timestamptz,
        lease_replica uuid,
        lease_until timestamptz,
        fence bigint NOT NULL DEFAULT 0
      )`);
    // Whoever asks and through whichever replica: the database says that there is one at a time.
    await runner.query('CREATE UNIQUE INDEX rollouts_one_active ON rollouts (group_id, device_type) WHERE ended_at IS NULL');
    await runner.query('CREATE INDEX rollouts_due ON rollouts (next_at) WHERE next_at IS NOT NULL');
    await runner.query('CREATE INDEX rollouts_by_time ON rollouts (created_at DESC, id DESC)');
    await runner.query(`
      CREATE TABLE rollout_transitions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        rollout_id uuid NOT NULL REFERENCES rollouts ON DELETE CASCADE,
        from_phase text,
        to_phase text NOT NULL,
        reason text NOT NULL,
        wave integer NOT NULL,
        actor text NOT NULL,
        at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX rollout_transitions_of ON rollout_transitions (rollout_id, id DESC)');
  }

  private async createTargets(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE rollout_targets (
        rollout_id uuid NOT NULL REFERENCES rollouts ON DELETE CASCADE,
        wave integer NOT NULL,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        position integer NOT NULL,
        state text NOT NULL,
        health text NOT NULL DEFAULT 'ok',
        upgrade_id uuid,
        error_code text,
        retry_skipped boolean NOT NULL DEFAULT false,
        failing_before jsonb,
        restarts_before integer,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (rollout_id, wave, node_id)
      ) WITH (fillfactor = 80)`);
    // A node is in one wave: none is ever upgraded twice by one rollout without somebody's retry.
    await runner.query('CREATE UNIQUE INDEX rollout_targets_node ON rollout_targets (rollout_id, node_id)');
    await runner.query(`CREATE INDEX rollout_targets_pending ON rollout_targets (rollout_id, wave, position) WHERE state = 'pending'`);
    await runner.query(
      `CREATE INDEX rollout_targets_open ON rollout_targets (rollout_id) WHERE state IN ('pending', 'due', 'in_progress', 'offline')`,
    );
    await runner.query(`
      CREATE TABLE rollout_exclusions (
        rollout_id uuid NOT NULL REFERENCES rollouts ON DELETE CASCADE,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        reason text NOT NULL,
        PRIMARY KEY (rollout_id, node_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP VIEW rollout_counts');
    await runner.query('DROP TABLE rollout_exclusions, rollout_targets, rollout_transitions, rollouts');
  }
}

class RolloutReturns1763710000092 implements MigrationInterface {
  readonly name = 'RolloutReturns1763710000092';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE rollout_returns (
        rollout_id uuid NOT NULL REFERENCES rollouts ON DELETE CASCADE,
        node_id uuid NOT NULL REFERENCES nodes ON DELETE CASCADE,
        wave integer NOT NULL,
        position integer NOT NULL,
        state text NOT NULL,
        upgrade_id uuid,
        error_code text,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (rollout_id, node_id)
      ) WITH (fillfactor = 80)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rollout_returns');
  }
}

export const rolloutsPersistence: Persistence = { entities: [], migrations: [Rollouts1763710000091, RolloutReturns1763710000092] };
