import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseFromManager } from '@tidegate/contract-protocol';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';
import { UpgradeWaves, type WaveAnswer } from './upgrade-waves.ts';
import type { WaveOrder } from './wave-verdict.ts';

const PIN = 'c'.repeat(64);
const order: WaveOrder = {
  action: 'upgrade',
  version: '1.1.0',
  channel: 'stable',
  expectedManifestSha256: PIN,
  retrySkipped: false,
  requestedBy: 'rollout of admin',
  timeoutSecs: 900,
};
let database: TestDatabase;
let sql: pg.Client;
/** Beside `manager` on the same database. */
let other: ManagerUnderTest;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];

const live = async (beat: object = {}, at = manager): Promise<ScriptedNode> => {
  const node = await at.node(newIdentity(), beat);
  nodes.push(node);
  return node;
};
const idOf = (node: ScriptedNode): string => node.identity.nodeId ?? '';
const waves = (): UpgradeWaves => manager.service(UpgradeWaves);
const begin = (wanted: readonly string[], what: WaveOrder = order): Promise<readonly WaveAnswer[]> =>
  waves().run((_em, wave) => wave.begin(what, wanted));
const short = (answer: WaveAnswer): string => (answer.outcome === 'refused' ? answer.code : answer.outcome);
const rowOf = async (node: ScriptedNode) =>
  (await sql.query('SELECT id, state, error_code, steps, requested_by FROM upgrades WHERE node_id = $1', [idOf(node)])).rows[0];
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((settle) => setImmediate(settle));
}
/** So many statements wait for a row that somebody else holds. */
const waiting = async (count: number): Promise<boolean> =>
  (await sql.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)).rowCount === count;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new pg.Client(database.url);
  await sql.connect();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  other = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  other.answersFor(manager);
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await other.dispose();
  await manager.dispose();
  await sql.end();
  await database.stop();
});

describe('a wave', () => {
  it('begins at every node at once, and each is told what it may install', async () => {
    const wave = await Promise.all([live(), live(), live()]);
    const answers = await begin(wave.map(idOf));
    for (const [index, node] of wave.entries()) {
      const command = await node.next('command');
      expect(parseFromManager(JSON.stringify(command))).toMatchObject({ ok: true });
      expect(command).toEqual({
        type: 'command',
        id: (answers[index] as { upgradeId?: string }).upgradeId,
        node_id: idOf(node),
        ttl_secs: 900,
        action: { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable', expected_manifest_sha256: PIN },
      });
      const row = await rowOf(node);
      expect(row).toMatchObject({ id: command.id, state: 'sent', requested_by: 'rollout of admin' });
      expect(row.steps.map((step: { state: string }) => step.state)).toEqual(['queued', 'sent']);
      node.say({ type: 'command_ack', id: command.id, accepted: true, attempt_id: 'a-1' });
      await until(async () => (await rowOf(node)).state === 'accepted');
    }
  });

  it('answers for each node by itself, and begins at those that may', async () => {
    const [fine, revoked, quarantined, maintained, busy] = await Promise.all([live(), live(), live(), live(), live()]);
    const unable = await live({ capabilities: [] });
    const [same, forged] = [
      await live({ software_version: '1.1.0', manifest_sha256: PIN }),
      await live({ software_version: '1.1.0', manifest_sha256: 'd'.repeat(64) }),
    ];
    const gone = await live();
    gone.end();
    await until(async () => {
      const { rows } = await sql.query('SELECT disconnected_at FROM node_sessions WHERE node_id = $1', [idOf(gone)]);
      return rows[0].disconnected_at !== null;
    });
    await manager.call('POST', `/api/v1/nodes/${idOf(revoked)}/revoke`, { reason: 'stolen' });
    await sql.query('UPDATE nodes SET quarantined_at = now() WHERE id = $1', [idOf(quarantined)]);
    await manager.call('PUT', `/api/v1/nodes/${idOf(maintained)}/maintenance`, { reason: 'new disk' });
    expect((await begin([idOf(busy)])).map(short)).toEqual(['begun']);
    const wanted = [revoked, quarantined, gone, unable, maintained, same, forged, busy, fine, fine].map(idOf);
    const answers = await begin([randomUUID(), ...wanted]);
    expect(answers.map(short)).toEqual([
      'node_not_found',
      'node_revoked',
      'node_quarantined',
      'node_offline',
      'upgrade_not_supported',
      'node_in_maintenance',
      'already',
      'upgrade_provenance_mismatch',
      'upgrade_in_progress',
      'begun',
    ]);
    expect(answers.find((answer) => answer.nodeId === idOf(forged))).toMatchObject({
      details: { expected: PIN, reported: 'd'.repeat(64) },
    });
    expect((await fine.next('command')).action).toMatchObject({ kind: 'upgrade_binary' });
    const { rows } = await sql.query('SELECT count(*)::int AS n FROM upgrades WHERE node_id = ANY($1::uuid[])', [wanted]);
    expect(rows).toEqual([{ n: 2 }]);
  });

  it('sends each node back to its own previous version', async () => {
    const [one, two] = [await live({ previous_version: '0.9.0' }), await live({ previous_version: '0.8.0-beta.1' })];
    const first = await live();
    const answers = await begin([one, two, first].map(idOf), { action: 'return', requestedBy: 'admin', timeoutSecs: 900 });
    expect(answers.map(short)).toEqual(['begun', 'begun', 'upgrade_no_previous']);
    expect((await one.next('command')).action).toEqual({ kind: 'return_to_previous', version: '0.9.0' });
    expect((await two.next('command')).action).toEqual({ kind: 'return_to_previous', version: '0.8.0-beta.1' });
    const { rows } = await sql.query('SELECT action, version, channel FROM upgrades WHERE node_id = $1', [idOf(two)]);
    expect(rows).toEqual([{ action: 'return', version: '0.8.0-beta.1', channel: 'beta' }]);
  });

  it('reaches nodes that another replica holds', async () => {
    const [here, there] = [await live(), await live({}, other)];
    const answers = await begin([here, there].map(idOf));
    expect(answers.map(short)).toEqual(['begun', 'begun']);
    const { id } = await there.next('command');
    expect(await rowOf(there)).toMatchObject({ id, state: 'sent' });
    await here.next('command');
  });

  it('says and stores nothing when what decided on it fails', async () => {
    const node = await live();
    const failed = waves().run(async (_em, wave) => {
      await wave.begin(order, [idOf(node)]);
      throw new Error('the rollout was paused');
    });
    await expect(failed).rejects.toThrow('the rollout was paused');
    expect(await rowOf(node)).toBeUndefined();
    await node.beat();
    expect(node.received).toEqual([]);
  });

  it('begins once, when two decide at the same time', async () => {
    const wave = await Promise.all([live(), live()]);
    const both = await Promise.all([begin(wave.map(idOf)), begin(wave.map(idOf).reverse())]);
    expect(both.flat().map(short).sort()).toEqual(['begun', 'begun', 'upgrade_in_progress', 'upgrade_in_progress']);
    for (const node of wave) await node.next('command');
  });
});

describe('what was not sent yet', () => {
  it('is called off; what has left is not', async () => {
    const [sent, queued] = [await live(), await live()];
    queued.end();
    const [begun] = await begin([idOf(sent)]);
    const id = randomUUID();
    await sql.query(
      `INSERT INTO upgrades (id, node_id, group_id, action, version, channel, state, requested_by, requested_at, deadline_at, steps)
       SELECT $1, id, group_id, 'upgrade', '1.1.0', 'stable', 'queued', 'admin', now(), now() + interval '1 hour', '[]' FROM nodes WHERE id = $2`,
      [id, idOf(queued)],
    );
    await sql.query(
      `INSERT INTO commands (id, node_id, upgrade_id, action, created_at, expires_at)
       VALUES ($1, $2, $1, '{"kind": "upgrade_binary", "version": "1.1.0", "channel": "stable"}', now(), now() + interval '1 hour')`,
      [id, idOf(queued)],
    );
    const { upgradeId } = begun as { upgradeId?: string };
    expect(await waves().run((_em, wave) => wave.withdraw([id, upgradeId ?? '']))).toEqual([id]);
    expect(await rowOf(queued)).toMatchObject({ state: 'refused', error_code: 'upgrade_cancelled' });
    expect((await rowOf(sent)).state).toBe('sent');
    const back = await manager.node(queued.identity);
    nodes.push(back);
    expect(back.received.filter((message) => message.type === 'command')).toEqual([]);
  });
});

describe('a wave in the middle of other things', () => {
  it('loses no command of a node that connects anew meanwhile', async () => {
    const node = await live();
    let again: Promise<ScriptedNode> | undefined;
    await waves().run(async (_em, wave) => {
      await wave.begin(order, [idOf(node)]);
      let isIn = false;
      again = manager.node(node.identity);
      void again.then(() => (isIn = true));
      await until(async () => isIn || (await waiting(1)));
    });
    const back = await (again as Promise<ScriptedNode>);
    nodes.push(back);
    expect((await back.next('command')).node_id).toBe(idOf(node));
  });

  it('and an act on one of its nodes wait for each other in one order', async () => {
    const node = await live();
    const third = new pg.Client(database.url);
    await third.connect();
    await third.query('BEGIN');
    await third.query('SELECT FROM node_sessions WHERE node_id = $1 FOR UPDATE', [idOf(node)]);
    const wave = begin([idOf(node)]);
    await until(() => waiting(1));
    const revoked = manager.call('POST', `/api/v1/nodes/${idOf(node)}/revoke`, { reason: 'stolen' });
    await until(() => waiting(2));
    await third.query('COMMIT');
    await third.end();
    expect((await wave).map(short)).toEqual(['begun']);
    expect((await revoked).status).toBe(200);
  });
});
