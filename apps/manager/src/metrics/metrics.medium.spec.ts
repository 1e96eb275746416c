import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { METRICS } from '../platform/metrics/definitions.ts';
import { ManagerUnderTest, type Answer } from '../testing/manager-under-test.ts';
import { sql } from '../testing/sql.ts';
import type { ScriptedNode } from '../testing/scripted-node.ts';

const TOKEN = 'a token of the monitoring';
let database: TestDatabase;
let folder: string;
let manager: ManagerUnderTest;
let ownPort: number;
let node: ScriptedNode;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-metrics-spec-'));
  await writeFile(join(folder, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  database = await createTestDatabase();
  ownPort = await freePort();
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    metrics: { listen: { port: ownPort }, token_file: join(folder, 'token') },
  });
  await manager.signIn();
  node = await manager.node();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

const beside = (authorization?: string): Promise<Answer> =>
  manager.call('GET', '/metrics', undefined, authorization === undefined ? {} : { authorization });

/** What is shown now, by series. Figures of the installation are kept for ten seconds. */
async function scraped(): Promise<Map<string, number>> {
  manager.clock.advance(10_000);
  const { status, body } = await beside(`Bearer ${TOKEN}`);
  expect(status).toBe(200);
  const lines = String(body)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('the manager’s metrics', () => {
  it('are all there, and nothing else but those of the process', async () => {
    const { body } = await beside(`Bearer ${TOKEN}`);
    const shown = [...String(body).matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]);
    const own = shown.filter(([name]) => name?.startsWith('tidegate_'));
    expect(own.toSorted()).toEqual(
      Object.entries(METRICS)
        .map(([name, { kind }]) => [name, kind])
        .toSorted(),
    );
    expect(shown.map(([name]) => name)).toEqual(
      expect.arrayContaining(['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']),
    );
    expect(shown.filter(([name]) => !/^(tidegate|nodejs|process)_/.test(name ?? ''))).toEqual([]);
  });

  it('are nobody’s without the token, whatever else one is', async () => {
    for (const authorization of [undefined, 'Bearer', 'Bearer wrong', TOKEN, `bearer ${TOKEN}`]) {
      expect(await beside(authorization)).toMatchObject({ status: 401, body: { code: 'metrics_token_invalid' } });
    }
    expect((await fetch(`http://127.0.0.1:${ownPort}/metrics`)).status).toBe(401);
    const own = await fetch(`http://127.0.0.1:${ownPort}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect([own.status, own.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    expect((await fetch(`http://127.0.0.1:${ownPort}/api/v1/session`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(404);
  });

  it('are nobody’s while the token’s file is empty or gone', async () => {
    await writeFile(join(folder, 'token'), '\n');
    expect((await beside('Bearer ')).status).toBe(401);
    await rm(join(folder, 'token'));
    expect((await beside('Bearer ')).status).toBe(401);
    await writeFile(join(folder, 'token'), TOKEN, { mode: 0o600 });
    await chmod(join(folder, 'token'), 0o600);
  });

  it('count sockets, beats, events, commands and how upgrades end', async () => {
    const before = await scraped();
    await node.beat();
    await node.report(1, 'agent_started', { version: '1.0.0' });
    const { body } = await manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '1.1.0' });
    expect((await scraped()).get('tidegate_commands_open{stage="unanswered"}')).toBe(1);
    await node.next('command');
    node.say({ type: 'command_ack', id: body.id, accepted: false, error_code: 'upgrade_disabled', details: {} });
    await untilEnded(body.id as string);
    const after = await scraped();
    const grown = (series: string): number => (after.get(series) ?? 0) - (before.get(series) ?? 0);
    expect(grown('tidegate_beats_total')).toBe(1);
    expect(grown('tidegate_events_total')).toBe(1);
    expect(after.get('tidegate_sockets{phase="live"}')).toBe(1);
    expect(grown('tidegate_upgrades_ended_total{outcome="refused",code="upgrade_disabled"}')).toBe(1);
    expect(grown('tidegate_command_seconds_count{part="answering"}')).toBe(1);
    expect(grown('tidegate_command_seconds_count{part="waiting"}')).toBe(1);
    expect(after.get('tidegate_commands_open{stage="unanswered"}')).toBe(0);
    expect(after.get('tidegate_upgrades_running{state="sent"}')).toBe(0);
    expect(after.get('tidegate_database_ready')).toBe(1);
  });

  it('count no end whose transaction was undone', async () => {
    const other = await manager.node();
    const { body } = await manager.call('POST', `/api/v1/nodes/${other.identity.nodeId}/upgrade`, { version: '1.1.0' });
    await other.next('command');
    const attempt = { attempt_id: 'a-1', command_id: body.id, from_version: '1.0.0', to_version: '1.1.0', channel: 'stable' };
    const details = { ...attempt, arch: 'x64', variant: 'default', error_code: 'no_code_of_ours' };
    const series = 'tidegate_upgrades_ended_total{outcome="failed",code="other"}';
    await sql(database.url, 'ALTER TABLE commands RENAME TO commands_away');
    await expect(other.report(1, 'upgrade_failed', details)).rejects.toThrow('closed 1013');
    await sql(database.url, 'ALTER TABLE commands_away RENAME TO commands');
    expect((await scraped()).get(series)).toBeUndefined();
    const back = await manager.node(other.identity);
    await back.report(1, 'upgrade_failed', details);
    expect((await scraped()).get(series)).toBe(1);
    back.end();
  });

  const untilEnded = async (id: string): Promise<void> => {
    while ((await manager.call('GET', `/api/v1/upgrades/${id}`)).body.finished_at === null)
      await new Promise((settle) => setImmediate(settle));
  };

  it('name requests by the template of their route and never by what was asked for', async () => {
    const id = randomUUID();
    await manager.call('GET', `/api/v1/nodes/${id}`);
    await manager.call('GET', `/nothing/${id}`);
    const shown = await scraped();
    expect(shown.get('tidegate_http_requests_total{method="GET",route="/api/v1/nodes/:id",status="404"}')).toBe(1);
    expect(shown.get('tidegate_http_requests_total{method="GET",route="other",status="404"}')).toBe(1);
    expect([...shown.keys()].filter((series) => series.includes(id) || series.includes(node.identity.nodeId ?? ''))).toEqual([]);
  });

  it('stay few however many versions nodes claim to run', async () => {
    await sql(
      database.url,
      `INSERT INTO nodes (id, group_id, device_type, name, public_key, facts, enrolled_at)
         SELECT gen_random_uuid(), (SELECT id FROM groups LIMIT 1), 'tidegate-edge', 'n' || n, 'k' || n, '{}', now() FROM generate_series(1, 60) n`,
    );
    await sql(
      database.url,
      `UPDATE node_beats b SET last_beat_at = now(), software_version = CASE WHEN n.name < 'n3' THEN '2.0.0' ELSE '9.9.' || substr(n.name, 2) END
         FROM nodes n WHERE n.id = b.node_id AND n.name LIKE 'n%' AND n.name <> 'n1'`,
    );
    const shown = [...(await scraped())].filter(([series]) => series.startsWith('tidegate_nodes_by_version'));
    expect(shown).toHaveLength(22);
    const of = new Map(shown.map(([series, count]) => [/"(.*)"/.exec(series)?.[1], count]));
    expect([of.get('unknown'), of.get('2.0.0')]).toEqual([1, 21]);
    expect([...of.values()].reduce((sum, count) => sum + count, 0)).toBe(62);
    expect((await scraped()).get('tidegate_nodes{connection="never"}')).toBe(1);
  });

  it('say the same of the installation at every replica', async () => {
    const other = await ManagerUnderTest.start({ database_url: database.url, metrics: { token_file: join(folder, 'token') } });
    try {
      const ofInstallation = (text: unknown): string[] =>
        String(text)
          .split('\n')
          .filter((line) => Object.entries(METRICS).some(([name, { of }]) => of === 'installation' && line.startsWith(`${name}{`)))
          .filter((line) => !line.startsWith('tidegate_rows_unsequenced'))
          .toSorted();
      manager.clock.advance(10_000);
      other.clock.advance(manager.clock.now().getTime() - other.clock.now().getTime());
      const [one, two] = await Promise.all([
        beside(`Bearer ${TOKEN}`),
        other.call('GET', '/metrics', undefined, { authorization: `Bearer ${TOKEN}` }),
      ]);
      expect(ofInstallation(one.body)).toEqual(ofInstallation(two.body));
      expect(ofInstallation(one.body).some((line) => line.startsWith('tidegate_replicas') && line.endsWith(' 2'))).toBe(true);
    } finally {
      await other.dispose();
    }
  });

  it('are not there at all unless asked for', async () => {
    const quiet = await ManagerUnderTest.start({ database_url: database.url });
    try {
      expect(await quiet.call('GET', '/metrics', undefined, { authorization: `Bearer ${TOKEN}`, accept: 'text/html' })).toMatchObject({
        status: 404,
      });
    } finally {
      await quiet.dispose();
    }
  });

  it('leave out what only the database knows while it is away', async () => {
    await sql(database.url, 'ALTER TABLE node_beats RENAME TO node_beats_away');
    const shown = await scraped();
    await sql(database.url, 'ALTER TABLE node_beats_away RENAME TO node_beats');
    expect([...shown.keys()].filter((series) => /^tidegate_(nodes|commands_open|replicas)/.test(series))).toEqual([]);
    expect(shown.get('tidegate_sockets{phase="live"}')).toBeGreaterThanOrEqual(0);
    expect((await scraped()).has('tidegate_nodes{connection="online"}')).toBe(true);
  });
});
