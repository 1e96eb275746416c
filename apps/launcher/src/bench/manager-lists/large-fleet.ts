import type { Client } from 'pg';

export const NODES = 100_000;
export const GROUP_OF_FEW = 'group-7';
const GROUPS = 50;

/**
 * A fleet as large as the manager is made for, with everything a list can be asked for present in a few nodes and in most. Beats lie
 * in the future, so that nobody falls silent while others are measured; two in a thousand are long silent.
 */
export async function fillFleet(sql: Client): Promise<void> {
  await sql.query(`INSERT INTO groups (name) SELECT 'group-' || g FROM generate_series(1, ${GROUPS}) g`);
  await sql.query(`
    WITH places AS (SELECT array_agg(id ORDER BY name) AS ids FROM groups)
    INSERT INTO nodes (id, group_id, device_type, name, public_key, facts, enrolled_at, labels, maintenance_since, maintenance_reason)
    SELECT gen_random_uuid(), ids[1 + i % ${GROUPS}], CASE WHEN i % 20 = 0 THEN 'gateway' ELSE 'tidegate-edge' END, 'edge-' || i, 'key-' || i,
      jsonb_build_object('name', 'edge-' || i, 'os', 'Linux', 'arch', 'x64', 'kernel', '6.1', 'env_names', (SELECT array_agg('VARIABLE_' || v) FROM generate_series(1, 30) v)),
      now() - i * interval '1 minute',
      jsonb_build_object('site', 'site-' || i % 200, 'env', CASE WHEN i % 10 = 0 THEN 'canary' ELSE 'prod' END),
      CASE WHEN i % 500 = 0 THEN now() END, CASE WHEN i % 500 = 0 THEN 'bench' END
      FROM generate_series(1, ${NODES}) i, places`);
  await sql.query(`
    UPDATE node_beats b SET epoch = 1, software_version = v.version, version_key = v.key, guard_key = 'A1A0A0~',
        last_beat_at = CASE WHEN random() < 0.002 THEN now() - random() * interval '1 day' ELSE now() + interval '1 hour' - random() * interval '15 seconds' END,
        report = '{"capabilities": ["upgrade"], "committed_version": "1.4.0"}', highest_sequence = CASE WHEN random() < 0.001 THEN 9 ELSE 10 END,
        trust_fingerprint = repeat(CASE WHEN random() < 0.001 THEN 'b' ELSE 'a' END, 16)
      FROM nodes n, LATERAL (SELECT '1.' || p || '.0' AS version, 'A1A' || p || 'A0~' AS key FROM (SELECT hashtext(n.name) & 7 AS p) AS q) AS v
     WHERE b.node_id = n.id`);
  await sql.query(`
    INSERT INTO node_reports SELECT node_id, jsonb_build_object('capabilities', '["upgrade"]'::jsonb, 'committed_version', software_version,
        'previous_version', '1.0.0', 'guard_version', '1.0.0', 'trust_fingerprint', trust_fingerprint, 'checks', '[{"id": "disk", "ok": true}]'::jsonb,
        'filler', repeat('x', 600)), now() FROM node_beats`);
  await sql.query(`
    INSERT INTO node_sessions (node_id, epoch, connected_at, run_id, boot_id, machine_id, software_version, in_trial)
    SELECT node_id, 1, now(), gen_random_uuid(), gen_random_uuid()::text, md5(node_id::text), '1.4.0', false FROM node_beats`);
  await sql.query(`
    INSERT INTO upgrades (id, node_id, group_id, action, version, channel, from_version, state, requested_by, requested_at, deadline_at, finished_at, steps)
    SELECT gen_random_uuid(), id, group_id, 'upgrade', '1.4.0', 'stable', '1.3.0', CASE WHEN random() < 0.005 THEN 'failed' ELSE 'committed' END,
      'bench', now(), now(), now(), '[]' FROM nodes`);
  await sql.query('VACUUM ANALYZE');
}
