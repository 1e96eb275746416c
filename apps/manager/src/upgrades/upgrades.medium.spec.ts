import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';

/** A release source that answers as GitHub does, as far as the manager asks it. */
const source = { requests: [] as string[], broken: false, versions: ['1.1.0', '1.2.0', '1.3.0-beta.1', 'not-a-version'] };
function answerSource(request: IncomingMessage, response: ServerResponse): void {
  source.requests.push(`${request.url} ${request.headers['if-none-match'] ?? ''}`);
  if (source.broken) return void response.writeHead(500).end();
  const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
  const etag = `"${source.versions.join()}-${page}"`;
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
  const half = Math.ceil(source.versions.length / 2);
  const versions = page === 1 ? source.versions.slice(0, half) : source.versions.slice(half);
  const more = page === 1 ? { link: '<http://elsewhere.example/?page=2>; rel="next"' } : {};
  const body = versions.map((version) => ({
    tag_name: `v${version}`,
    draft: false,
    prerelease: version.includes('-'),
    published_at: '2026-10-01T00:00:00Z',
    body: 'notes',
  }));
  response.writeHead(200, { etag, 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
}

let database: TestDatabase;
let sourceServer: Server;
let manager: ManagerUnderTest;
let sql: pg.Client;
const nodes: ScriptedNode[] = [];
const live = async (identity = newIdentity(), beat: object = {}): Promise<ScriptedNode> => {
  const node = await manager.node(identity, beat);
  nodes.push(node);
  return node;
};

beforeAll(async () => {
  sourceServer = createServer(answerSource).listen(0, '127.0.0.1');
  database = await createTestDatabase();
  const base = `http://127.0.0.1:${(sourceServer.address() as AddressInfo).port}`;
  const release = { device_type: 'tidegate-edge', api_base_url: base, owner: 'tidegate', repo: 'tidegate-edge', allow_loopback_http: true };
  manager = await ManagerUnderTest.start({ database_url: database.url, release_sources: [release] });
  await manager.signIn();
  sql = new pg.Client(database.url);
  await sql.connect();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await sql.end();
  await manager.dispose();
  await database.stop();
  sourceServer.close();
  sourceServer.closeAllConnections();
});

const request = (nodeId: string | undefined, body: object = { version: '1.1.0' }) =>
  manager.call('POST', `/api/v1/nodes/${nodeId}/upgrade`, body);
const read = async (id: string) => (await manager.call('GET', `/api/v1/upgrades/${id}`)).body;
const badge = async (node: ScriptedNode) => (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body.badge;
const details = (commandId: string, more: object = {}) => ({
  attempt_id: 'a-1',
  command_id: commandId,
  from_version: '1.0.0',
  to_version: '1.1.0',
  channel: 'stable',
  arch: 'x64',
  variant: 'thin',
  ...more,
});
const attempt = (commandId: string, state: string, more: object = {}) => ({
  attempt: { id: 'a-1', command_id: commandId, kind: 'upgrade', state, from_version: '1.0.0', to_version: '1.1.0', ...more },
});
async function untilState(id: string, state: string): Promise<void> {
  while ((await read(id)).state !== state) await new Promise((settle) => setImmediate(settle));
}
async function commanded(): Promise<{ node: ScriptedNode; id: string }> {
  const node = await live();
  const { status, body } = await request(node.identity.nodeId);
  expect(status).toBe(202);
  expect((await node.next('command')).id).toBe(body.id);
  return { node, id: body.id as string };
}

describe('an upgrade of one node', () => {
  it('queued -> committed, when the node attests every step', async () => {
    const { node, id } = await commanded();
    node.say({ type: 'command_ack', id, accepted: true, attempt_id: 'a-1' });
    await untilState(id, 'accepted');
    await node.report(1, 'upgrade_started', details(id));
    await node.beat(attempt(id, 'fetching', { received_bytes: 10, total_bytes: 100 }));
    await untilState(id, 'fetching');
    expect((await read(id)).progress).toEqual({ received_bytes: 10, total_bytes: 100 });
    await node.report(2, 'upgrade_staged', details(id));
    expect(await badge(node)).toMatchObject({ kind: 'upgrading', phase: 'staged', to_version: '1.1.0' });
    await node.report(3, 'upgrade_completed', details(id));
    const ended = await read(id);
    expect(ended.steps.map((step: { state: string }) => step.state)).toEqual([
      'queued',
      'sent',
      'accepted',
      'fetching',
      'staged',
      'committed',
    ]);
    expect(await badge(node)).toMatchObject({ kind: 'updated', to_version: '1.1.0' });
  });

  it('shows the node as respawning, not offline, when it disconnects after staging', async () => {
    const { node, id } = await commanded();
    await node.report(1, 'upgrade_staged', details(id));
    node.end();
    const connection = async () => (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body.connection as string;
    while ((await connection()) !== 'respawning') await new Promise((settle) => setImmediate(settle));
    manager.clock.advance(120_000);
    expect(await connection()).toBe('respawning');
  });

  it.each([
    ['upgrade_rolled_back', { reason: 'deadline' }, 'rolled_back', 'rolled_back', 'upgrade_rolled_back'],
    [
      'upgrade_failed',
      { error_code: 'upgrade_identity_not_allowed', identity: 'https://evil.example' },
      'failed',
      'upgrade_failed',
      'upgrade_identity_not_allowed',
    ],
    ['upgrade_refused', { error_code: 'upgrade_disabled' }, 'refused', 'upgrade_refused', 'upgrade_disabled'],
  ])('ends by %s with its code and details', async (name, more, state, kind, code) => {
    const { node, id } = await commanded();
    await node.report(1, name, details(id, more));
    expect(await read(id)).toMatchObject({ state, error_code: code });
    expect(await badge(node)).toMatchObject({ kind, error_code: code });
    if ('identity' in more) expect((await read(id)).error_details).toEqual({ identity: more.identity });
  });

  it('is refused when the node refuses the command', async () => {
    const { node, id } = await commanded();
    node.say({ type: 'command_ack', id, accepted: false, error_code: 'upgrade_disabled', details: {} });
    await untilState(id, 'refused');
    expect((await read(id)).error_code).toBe('upgrade_disabled');
  });

  it('is not done by an acknowledgement, and a late beat does not reopen what has ended', async () => {
    const { node, id } = await commanded();
    node.say({ type: 'command_ack', id, accepted: true, attempt_id: 'a-1' });
    await untilState(id, 'accepted');
    await node.report(1, 'upgrade_completed', details(id));
    await node.beat(attempt(id, 'trial'));
    await node.beat();
    expect((await read(id)).state).toBe('committed');
  });

  it('is not moved by another node that names its id', async () => {
    const { id } = await commanded();
    const other = await live();
    await other.report(1, 'upgrade_completed', details(id));
    expect((await read(id)).state).toBe('sent');
  });

  it('ends with upgrade_timeout when nobody reports until its deadline', async () => {
    const { node, id } = await commanded();
    manager.clock.advance(901_000);
    await untilState(id, 'failed');
    expect(await read(id)).toMatchObject({ error_code: 'upgrade_timeout', error_details: { last_state: 'sent' } });
    await node.whenClosed().catch(() => {});
    expect((await request(node.identity.nodeId, { version: '1.2.0', queue: true })).status).toBe(202);
  });
});

describe('a command', () => {
  it('is sent again after a reconnect until it is acknowledged', async () => {
    const { node, id } = await commanded();
    node.end();
    const again = await live(node.identity);
    expect((await again.next('command')).id).toBe(id);
    again.say({ type: 'command_ack', id, accepted: true, attempt_id: 'a-1' });
    await untilState(id, 'accepted');
    const third = await live(node.identity);
    await third.beat();
    expect(third.received.filter((message) => message.type === 'command')).toEqual([]);
  });

  it('waits for a node that is offline when it was asked to', async () => {
    const node = await live();
    node.end();
    // Until the manager has seen the socket go, a request that is not queued is still accepted; those are taken back.
    for (;;) {
      const { body: tried } = await request(node.identity.nodeId);
      if (tried.code === 'node_offline') break;
      await sql.query('DELETE FROM upgrades WHERE node_id = $1', [node.identity.nodeId]);
    }
    const { body } = await request(node.identity.nodeId, { version: '1.1.0', queue: true });
    expect(body.state).toBe('queued');
    const back = await live(node.identity);
    expect((await back.next('command')).id).toBe(body.id);
  });

  it('carries what is left of its time', async () => {
    const { node } = await commanded();
    node.end();
    manager.clock.advance(100_000);
    const again = await live(node.identity);
    expect((await again.next('command')).ttl_secs).toBeLessThanOrEqual(800);
  });
});

describe('cancel', () => {
  it('asks the node, which ends it by its event', async () => {
    const { node, id } = await commanded();
    expect((await manager.call('POST', `/api/v1/upgrades/${id}/cancel`)).status).toBe(202);
    const cancel = await node.next('command');
    expect(cancel.action).toEqual({ kind: 'cancel', command_id: id });
    await node.report(1, 'upgrade_refused', details(id, { error_code: 'upgrade_cancelled' }));
    expect(await read(id)).toMatchObject({ state: 'refused', error_code: 'upgrade_cancelled' });
  });

  it('is refused once the candidate is on trial', async () => {
    const { node, id } = await commanded();
    await node.beat(attempt(id, 'trial'));
    await untilState(id, 'trial');
    expect((await manager.call('POST', `/api/v1/upgrades/${id}/cancel`)).body.code).toBe('upgrade_not_cancellable');
  });
});

describe('refusals of a request', () => {
  const stored = async (): Promise<string> =>
    (await sql.query('SELECT (SELECT count(*) FROM upgrades) || $1 || (SELECT count(*) FROM audit) AS n', ['/'])).rows[0].n as string;

  it.each([
    ['node_not_found', 404, async () => randomUUID(), { version: '1.1.0' }],
    ['node_not_found', 404, async () => 'not-an-id', { version: '1.1.0' }],
    ['upgrade_version_invalid', 400, async () => (await live()).identity.nodeId, { version: '../../etc' }],
    ['upgrade_version_invalid', 400, async () => (await live()).identity.nodeId, { version: '1.1.0+build' }],
    ['upgrade_version_unknown', 422, async () => (await live()).identity.nodeId, { version: '9.9.9' }],
    ['upgrade_version_unknown', 422, async () => (await live()).identity.nodeId, { version: '1.1.0', channel: 'nightly' }],
    ['request_invalid', 400, async () => (await live()).identity.nodeId, { version: '1.1.0', force: true }],
    ['upgrade_not_supported', 409, async () => (await live(newIdentity(), { capabilities: [] })).identity.nodeId, { version: '1.1.0' }],
    ['upgrade_in_progress', 409, async () => (await commanded()).node.identity.nodeId, { version: '1.2.0' }],
  ])('answers %s with %d and stores nothing', async (code, status, prepare, body) => {
    const nodeId = await prepare();
    const before = await stored();
    const answer = await request(nodeId, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.hint).not.toBe('');
    expect(await stored()).toBe(before);
  });

  it('writes row, command and audit together', async () => {
    const { id } = await commanded();
    const { rows } = await sql.query(
      `SELECT actor, details FROM audit WHERE action = 'node.upgrade.request' AND details->>'upgrade_id' = $1`,
      [id],
    );
    expect(rows).toEqual([{ actor: 'admin', details: { version: '1.1.0', channel: 'stable', upgrade_id: id } }]);
  });

  it('lets only one of two simultaneous requests through', async () => {
    const node = await live();
    const answers = await Promise.all([request(node.identity.nodeId), request(node.identity.nodeId)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 409]);
  });
});

describe('events', () => {
  it('are stored once however often they are sent, in order, and never poison a batch', async () => {
    const node = await live();
    await node.report(1, 'agent_started', { note: 'a\u0000b\ud800' });
    await node.report(2, 'name_of_the_future');
    await node.report(1, 'agent_started');
    await node.report(2, 'name_of_the_future');
    const { body } = await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}/events`);
    expect(body.items.map((event: { name: string }) => event.name)).toEqual(['name_of_the_future', 'agent_started', 'node_enrolled']);
    const page = await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}/events?limit=1`);
    const rest = await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}/events?limit=1&cursor=${page.body.next_cursor}`);
    expect(rest.body).toMatchObject({ items: [{ name: 'agent_started' }], next_cursor: expect.any(String) });
  });
});

describe('releases', () => {
  const list = (query = '') => manager.call('GET', `/api/v1/releases/tidegate-edge${query}`);

  it('lists every page newest first, by channel, and leaves other tags out', async () => {
    expect((await list()).body.items.map((item: { version: string }) => item.version)).toEqual(['1.3.0-beta.1', '1.2.0', '1.1.0']);
    expect((await list('?channel=beta')).body.items).toMatchObject([{ version: '1.3.0-beta.1', channel: 'beta', prerelease: true }]);
    expect((await manager.call('GET', '/api/v1/releases/other')).body.code).toBe('release_source_missing');
  });

  it('asks again after five minutes with the ETag, and keeps what it knows when the source is broken', async () => {
    await list();
    manager.clock.advance(301_000);
    const asked = source.requests.length;
    await list();
    expect(source.requests.slice(asked)).toHaveLength(2);
    expect(source.requests.slice(asked).every((line) => line.includes('"'))).toBe(true);
    await list();
    expect(source.requests).toHaveLength(asked + 2);
    source.broken = true;
    manager.clock.advance(301_000);
    expect((await list()).body).toMatchObject({ stale: true, items: [{}, {}, {}] });
    const node = await live();
    expect((await request(node.identity.nodeId, { version: '9.9.9' })).status).toBe(202);
    source.broken = false;
    manager.clock.advance(301_000);
  });
});
