import type { MigrationInterface, QueryRunner } from 'typeorm';
import { versionKey } from '../version-key.ts';

/** What node_beats repeats of a row of nodes, so that a list is read from one narrow table. */
const PROJECTED = `group_id = excluded.group_id, device_type = excluded.device_type, shown_name = excluded.shown_name,
  search_text = excluded.search_text, enrolled_at = excluded.enrolled_at, maintenance_until = excluded.maintenance_until,
  quarantined = excluded.quarantined, revoked = excluded.revoked`;

const PROJECT_NODE = `
  CREATE FUNCTION project_node() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.removed_at IS NOT NULL THEN
      DELETE FROM node_beats WHERE node_id = NEW.id;
      RETURN NULL;
    END IF;
    INSERT INTO node_beats (node_id, epoch, report, group_id, device_type, shown_name, search_text, enrolled_at, maintenance_until,
        quarantined, revoked)
      VALUES (NEW.id, 0, '{}', NEW.group_id, NEW.device_type, coalesce(NEW.display_name, NEW.name),
        lower(concat_ws(' ', NEW.display_name, NEW.name,
          (SELECT string_agg(key || '=' || value, ' ') FROM jsonb_each_text(NEW.labels)))),
        NEW.enrolled_at,
        CASE WHEN NEW.maintenance_since IS NOT NULL THEN coalesce(NEW.maintenance_until, 'infinity') END,
        NEW.quarantined_at IS NOT NULL, NEW.revoked_at IS NOT NULL)
      ON CONFLICT (node_id) DO UPDATE SET ${PROJECTED};
    RETURN NULL;
  END $$`;

/** Only when something of it changed: a session that opens writes its facts again, thousands of them at once after a restart. */
const COLUMNS = [
  'group_id',
  'device_type',
  'name',
  'display_name',
  'labels',
  'maintenance_since',
  'maintenance_until',
  'quarantined_at',
  'revoked_at',
  'removed_at',
];
const rowOf = (which: string): string => `(${COLUMNS.map((column) => `${which}.${column}`).join(', ')})`;

const PROJECT_UPGRADE = `
  CREATE FUNCTION project_upgrade() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      UPDATE nodes SET upgrade_id = NEW.id, upgrade_state = NEW.state WHERE id = NEW.node_id;
    ELSE
      UPDATE nodes SET upgrade_state = NEW.state WHERE id = NEW.node_id AND upgrade_id = NEW.id;
    END IF;
    RETURN NULL;
  END $$`;

/**
 * Triggers, and not the code that writes: a replica of the previous release, which knows nothing of these columns, writes nodes
 * and upgrades too while it runs beside this one.
 */
export class NodeLife1763710000021 implements MigrationInterface {
  readonly name = 'NodeLife1763710000021';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await this.extend(runner);
    await this.fill(runner);
    await runner.query(PROJECT_UPGRADE);
    await runner.query('CREATE TRIGGER project_upgrade_made AFTER INSERT ON upgrades FOR EACH ROW EXECUTE FUNCTION project_upgrade()');
    await runner.query(`CREATE TRIGGER project_upgrade_moved AFTER UPDATE OF state ON upgrades FOR EACH ROW
      WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION project_upgrade()`);
    await runner.query('CREATE UNIQUE INDEX nodes_next_key ON nodes (next_public_key) WHERE next_public_key IS NOT NULL');
    await runner.query('CREATE INDEX nodes_upgrade_state ON nodes (upgrade_state) WHERE removed_at IS NULL');
    await runner.query('CREATE INDEX nodes_labels ON nodes USING gin (labels)');
    await runner.query('CREATE INDEX node_beats_name ON node_beats (shown_name, node_id)');
    await runner.query(`CREATE INDEX node_beats_version ON node_beats ((coalesce(version_key, '')), node_id)`);
    await runner.query('CREATE INDEX node_beats_group ON node_beats (group_id)');
    await runner.query('CREATE INDEX registration_tokens_made ON registration_tokens (created_at DESC, id DESC)');
  }

  private async extend(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE nodes ADD COLUMN display_name text, ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN revision integer NOT NULL DEFAULT 1, ADD COLUMN removed_at timestamptz,
        ADD COLUMN maintenance_reason text, ADD COLUMN maintenance_since timestamptz, ADD COLUMN maintenance_until timestamptz,
        ADD COLUMN maintenance_by text, ADD COLUMN quarantined_at timestamptz, ADD COLUMN quarantine_details jsonb,
        ADD COLUMN key_since timestamptz, ADD COLUMN next_public_key text, ADD COLUMN key_rotation_id uuid,
        ADD COLUMN key_rotation_state text, ADD COLUMN key_rotation_asked_at timestamptz, ADD COLUMN key_rotation_error text,
        ADD COLUMN upgrade_id uuid, ADD COLUMN upgrade_state text`);
    await runner.query('ALTER TABLE node_sessions ADD COLUMN former_runs uuid[]');
    await runner.query('ALTER TABLE registration_tokens ADD COLUMN revoked_at timestamptz, ADD COLUMN revoked_by text');
    // A row for every node that is in the lists, also for one that was never heard: last_beat_at is null then.
    await runner.query(`
      ALTER TABLE node_beats ALTER COLUMN last_beat_at DROP NOT NULL, ALTER COLUMN software_version DROP NOT NULL,
        ADD COLUMN group_id uuid, ADD COLUMN device_type text, ADD COLUMN shown_name text, ADD COLUMN search_text text,
        ADD COLUMN enrolled_at timestamptz, ADD COLUMN maintenance_until timestamptz, ADD COLUMN quarantined boolean,
        ADD COLUMN revoked boolean, ADD COLUMN version_key text COLLATE "C", ADD COLUMN guard_key text COLLATE "C",
        ADD COLUMN trust_fingerprint text, ADD COLUMN highest_sequence bigint`);
    // The whole report is read for a page of nodes and never searched: here it does not widen what every list reads.
    await runner.query(`
      CREATE TABLE node_reports (
        node_id uuid PRIMARY KEY REFERENCES nodes ON DELETE CASCADE,
        report jsonb NOT NULL,
        reported_at timestamptz NOT NULL
      )`);
  }

  private async fill(runner: QueryRunner): Promise<void> {
    await runner.query('INSERT INTO node_reports SELECT node_id, report, last_beat_at FROM node_beats');
    await runner.query(`
      UPDATE nodes n SET upgrade_id = u.id, upgrade_state = u.state
        FROM (SELECT DISTINCT ON (node_id) node_id, id, state FROM upgrades ORDER BY node_id, requested_at DESC, id DESC) u
       WHERE u.node_id = n.id`);
    await runner.query(PROJECT_NODE);
    await runner.query('CREATE TRIGGER project_node_all AFTER UPDATE OF name ON nodes FOR EACH ROW EXECUTE FUNCTION project_node()');
    await runner.query('UPDATE nodes SET name = name');
    await runner.query('DROP TRIGGER project_node_all ON nodes');
    await runner.query('CREATE TRIGGER project_node_made AFTER INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION project_node()');
    await runner.query(`CREATE TRIGGER project_node_changed AFTER UPDATE OF ${COLUMNS.join(', ')} ON nodes FOR EACH ROW
      WHEN (${rowOf('OLD')} IS DISTINCT FROM ${rowOf('NEW')}) EXECUTE FUNCTION project_node()`);
    await runner.query(`
      UPDATE node_beats SET trust_fingerprint = report->>'trust_fingerprint',
        highest_sequence = CASE WHEN report->>'highest_sequence' ~ '^[0-9]{1,15}$' THEN (report->>'highest_sequence')::bigint END`);
    await this.fillKeys(runner, 'software_version', 'version_key');
    await this.fillKeys(runner, `report->>'guard_version'`, 'guard_key');
  }

  private async fillKeys(runner: QueryRunner, from: string, to: string): Promise<void> {
    const rows = (await runner.query(`SELECT DISTINCT ${from} AS version FROM node_beats WHERE ${from} IS NOT NULL`)) as {
      version: string;
    }[];
    const versions = rows.map((row) => row.version);
    await runner.query(
      `UPDATE node_beats SET ${to} = t.key FROM unnest($1::text[], $2::text[]) AS t(version, key) WHERE ${from} = t.version`,
      [versions, versions.map(versionKey)],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER project_upgrade_made ON upgrades');
    await runner.query('DROP TRIGGER project_upgrade_moved ON upgrades');
    await runner.query('DROP TRIGGER project_node_made ON nodes');
    await runner.query('DROP TRIGGER project_node_changed ON nodes');
    await runner.query('DROP FUNCTION project_upgrade, project_node');
    await runner.query('DROP TABLE node_reports');
    await runner.query('DELETE FROM node_beats WHERE last_beat_at IS NULL OR software_version IS NULL');
    await runner.query(`
      ALTER TABLE node_beats ALTER COLUMN last_beat_at SET NOT NULL, ALTER COLUMN software_version SET NOT NULL,
        DROP COLUMN group_id, DROP COLUMN device_type, DROP COLUMN shown_name, DROP COLUMN search_text, DROP COLUMN enrolled_at,
        DROP COLUMN maintenance_until, DROP COLUMN quarantined, DROP COLUMN revoked, DROP COLUMN version_key, DROP COLUMN guard_key,
        DROP COLUMN trust_fingerprint, DROP COLUMN highest_sequence`);
    await runner.query('ALTER TABLE registration_tokens DROP COLUMN revoked_at, DROP COLUMN revoked_by');
    await runner.query('ALTER TABLE node_sessions DROP COLUMN former_runs');
    await runner.query(`
      ALTER TABLE nodes DROP COLUMN display_name, DROP COLUMN labels, DROP COLUMN revision, DROP COLUMN removed_at,
        DROP COLUMN maintenance_reason, DROP COLUMN maintenance_since, DROP COLUMN maintenance_until, DROP COLUMN maintenance_by,
        DROP COLUMN quarantined_at, DROP COLUMN quarantine_details, DROP COLUMN key_since, DROP COLUMN next_public_key,
        DROP COLUMN key_rotation_id, DROP COLUMN key_rotation_state, DROP COLUMN key_rotation_asked_at,
        DROP COLUMN key_rotation_error, DROP COLUMN upgrade_id, DROP COLUMN upgrade_state`);
  }
}
