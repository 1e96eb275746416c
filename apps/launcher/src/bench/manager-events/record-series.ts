import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { CHECKOUT, PROGRAMS } from '../../system/checkout.ts';
import { runToEnd } from '../../system/run-to-end.ts';
import { BenchProcess } from '../manager-sockets/bench-process.ts';
import type { Sample, Series } from '../row.ts';

const NODES = 400;
const EVENTS_EACH = 50;
const AUDIT_ROWS = 10_000;
const BATCH = 1000;

/** The same columns and indexes, without partitions, marks, and a chain. */
const BARE_TABLES = `
  CREATE TABLE bench_events (LIKE events INCLUDING ALL);
  CREATE TABLE bench_audit (LIKE audit INCLUDING ALL)`;

/**
 * Events and audit rows with an acknowledgement after the commit: the manager's own way (deduplicated by node and spool, collected into
 * batches, positions given meanwhile) beside the same rows put into bare tables with the same indexes, a thousand in a statement. Their
 * positions are made up by whoever inserts them, so that the same indexes are filled in the end.
 */
export async function recordSeries(): Promise<Series> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const bundle = join(CHECKOUT, 'apps/manager/dist', `bench-${process.pid}`, 'records.mjs');
  await runToEnd(CHECKOUT, [PROGRAMS.buildManager, bundle, 'record-bench/main.ts'], 'the manager’s records');
  const database = await createTestDatabase();
  writeFileSync(join(folder, 'password'), 'a long enough password');
  const manager = new BenchProcess('the manager’s records', [bundle, database.url, folder]);
  await manager.ready();
  const sql = new pg.Client(database.url);
  const beside = new pg.Client(database.url);
  await Promise.all([sql.connect(), beside.connect()]);
  const nodes = await enrol(sql);
  await sql.query(BARE_TABLES);
  // Both sides grow by the same with every run: the audit trail cannot be emptied without its keeper raising the alarm.
  let auditRows = 0;
  const order = { nodes, eventsEach: EVENTS_EACH, auditRows: AUDIT_ROWS };
  return {
    goals: [{ id: 'manager-record-insert', metric: 'wallMs', ratioAtMost: 1.25 }],
    runs: 7,
    baseline: async () => {
      auditRows += AUDIT_ROWS;
      return await timed(() => Promise.all([bareEvents(sql, nodes), bareAudit(beside, auditRows)]));
    },
    product: async () => {
      const { events: before = 0 } = await manager.ask('settle');
      const { ms = Number.NaN } = await manager.ask('store', order);
      const { events: after } = await manager.ask('settle');
      return { wallMs: after === before + NODES * EVENTS_EACH ? ms : Number.NaN };
    },
    close: async () => {
      await manager.stop();
      await Promise.all([sql.end(), beside.end()]);
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
      rmSync(join(bundle, '..'), { recursive: true, force: true });
    },
  };
}

interface BenchNode {
  readonly id: string;
  readonly group: string;
}

async function enrol(sql: pg.Client): Promise<BenchNode[]> {
  const { rows } = await sql.query<BenchNode>(
    `INSERT INTO nodes (id, group_id, device_type, name, public_key, facts, enrolled_at)
     SELECT gen_random_uuid(), (SELECT id FROM groups LIMIT 1), 'tidegate-edge', 'bench-' || i, 'key-' || i, '{}', now()
       FROM generate_series(1, $1) AS i RETURNING id, group_id AS "group"`,
    [NODES],
  );
  return rows;
}

async function timed(act: () => Promise<unknown>): Promise<Sample> {
  const beganMs = performance.now();
  await act();
  return { wallMs: performance.now() - beganMs };
}

const DETAILS = {
  attempt_id: 'a-1',
  command_id: null,
  from_version: '1.0.0',
  to_version: '1.1.0',
  channel: 'stable',
  arch: 'x64',
  variant: 'default',
};

async function bareEvents(sql: pg.Client, nodes: readonly BenchNode[]): Promise<void> {
  const rows = nodes.flatMap((node) => {
    const spool = randomUUID();
    return Array.from({ length: EVENTS_EACH }, (_, index) => ({ ...node, spool, seq: index + 1 }));
  });
  const now = new Date();
  for (let at = 0; at < rows.length; at += BATCH) {
    const part = rows.slice(at, at + BATCH);
    await sql.query('BEGIN');
    await sql.query(
      `INSERT INTO bench_events (id, node_id, group_id, spool_id, seq, name, category, severity, at, received_at, details, position)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[],
         $9::timestamptz[], $10::timestamptz[], $11::jsonb[], $12::bigint[])`,
      [
        part.map(() => randomUUID()),
        part.map((row) => row.id),
        part.map((row) => row.group),
        part.map((row) => row.spool),
        part.map((row) => row.seq),
        part.map(() => 'upgrade_downloaded'),
        part.map(() => 'upgrade'),
        part.map(() => 'info'),
        part.map(() => '2026-11-02T09:00:00.000Z'),
        part.map(() => now),
        part.map(() => JSON.stringify(DETAILS)),
        part.map((_, index) => at + index + 1),
      ],
    );
    await sql.query('COMMIT');
  }
}

async function bareAudit(sql: pg.Client, first: number): Promise<void> {
  const now = new Date();
  for (let at = first; at < first + AUDIT_ROWS; at += BATCH) {
    const part = Array.from({ length: BATCH }, (_, index) => at + index);
    await sql.query('BEGIN');
    await sql.query(
      `INSERT INTO bench_audit (at, actor, action, target_kind, target_id, address, details, position)
       SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[])`,
      [
        part.map(() => now),
        part.map(() => 'admin'),
        part.map(() => 'node.upgrade.request'),
        part.map(() => 'node'),
        part.map((number) => `node-${number}`),
        part.map(() => '127.0.0.1'),
        part.map(() => '{"version":"1.1.0","channel":"stable"}'),
        part.map((number) => number + 1),
      ],
    );
    await sql.query('COMMIT');
  }
}
