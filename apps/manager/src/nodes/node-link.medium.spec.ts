import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { WebSocket } from 'ws';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { newIdentity, ScriptedNode } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const keep = <T extends { node: ScriptedNode } | ScriptedNode>(made: T): T => {
  nodes.push(made instanceof ScriptedNode ? made : made.node);
  return made;
};
const greet = async (identity = newIdentity()) => keep(await manager.greet(identity));
const live = async (identity = newIdentity()) => keep(await manager.node(identity));
const total = async (): Promise<number> => (await manager.call('GET', '/api/v1/nodes')).body.total as number;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

describe('enrolment', () => {
  it('admits a node with a one-time token and lists it with what its beat says', async () => {
    const node = await live();
    const { body } = await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`);
    expect(body).toMatchObject({
      name: 'edge-a',
      group: 'default',
      software_version: '1.0.0',
      connection: 'online',
      capabilities: ['upgrade'],
      badge: { kind: 'none' },
    });
  });

  it('gives the same node to the same key when the first answer was lost', async () => {
    const identity = newIdentity();
    const token = await manager.token();
    const first = await (await greet(identity)).node.enrol(token);
    expect(await (await greet(identity)).node.enrol(token)).toBe(first);
  });

  it.each([
    ['token_unknown', async () => `tgr_${'x'.repeat(43)}`, {}],
    [
      'token_expired',
      async () => {
        const token = await manager.token({ ttl_secs: 60 });
        manager.clock.advance(61_000);
        return token;
      },
      {},
    ],
    [
      'token_used',
      async () => {
        const token = await manager.token();
        await (await greet()).node.enrol(token);
        return token;
      },
      {},
    ],
    ['token_device_type_mismatch', () => manager.token(), { device_type: 'gateway' }],
    ['public_key_invalid', () => manager.token(), { public_key: `${'A'.repeat(42)}B` }],
    ['protocol_version_unsupported', () => manager.token(), { protocol: 9 }],
  ])('refuses with %s and stores nothing', async (code, makeToken, change) => {
    const token = await makeToken();
    const before = await total();
    const { node } = await greet();
    await expect(node.enrol(token, change)).rejects.toThrow(code);
    expect(await node.next('auth_error')).toMatchObject({ code });
    expect((await node.whenClosed()).code).toBe(4003);
    expect(await total()).toBe(before);
  });

  it('refuses a key that another node is enrolled with', async () => {
    const identity = newIdentity();
    await (await greet(identity)).node.enrol(await manager.token());
    await expect((await greet(identity)).node.enrol(await manager.token())).rejects.toThrow('public_key_in_use');
  });
});

describe('authentication', () => {
  it('refuses a signature of another key', async () => {
    const known = await live();
    const { node, hello } = await greet({ ...known.identity });
    await expect(node.authenticate(hello, { key: newIdentity().privateKey })).rejects.toThrow('4003 node_key_invalid');
  });

  it('refuses an answer to another connection’s challenge', async () => {
    const known = await live();
    const { hello: foreign } = await greet();
    const { node } = await greet({ ...known.identity });
    await expect(node.authenticate(foreign)).rejects.toThrow('node_key_invalid');
  });

  it('refuses a node it does not know, and a protocol it does not speak', async () => {
    const unknown = { ...newIdentity(), nodeId: '00000000-0000-4000-8000-000000000000' };
    const first = await greet(unknown);
    await expect(first.node.authenticate(first.hello)).rejects.toThrow('node_unknown');
    const second = await greet((await live()).identity);
    await expect(second.node.authenticate(second.hello, { protocol: 2 })).rejects.toThrow('protocol_version_unsupported');
  });

  it('closes a silent socket at the deadline and keeps one that has authenticated', async () => {
    const authenticated = await live();
    const { node: silent } = await greet();
    manager.clock.advance(10_000);
    expect(await silent.whenClosed()).toEqual({ code: 4001, reason: 'auth_timeout' });
    await authenticated.beat();
  });

  it('lets the newest session win and closes the older one with its own code', async () => {
    const older = await live();
    const newer = keep(await manager.node(older.identity));
    expect((await older.whenClosed()).code).toBe(4009);
    await newer.beat();
    expect((await manager.call('GET', `/api/v1/nodes/${newer.identity.nodeId}`)).body.connection).toBe('online');
  });

  it('answers a probe without taking the session over', async () => {
    const node = await live();
    const probe = await greet(node.identity);
    expect(await probe.node.authenticate(probe.hello, { intent: 'probe' })).toMatchObject({ type: 'auth_ok' });
    expect((await probe.node.whenClosed()).code).toBe(1000);
    // Had the probe raised the epoch, this beat would be acknowledged and yet thrown away as a superseded session's.
    await node.beat({ software_version: '1.0.7' });
    expect((await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body.software_version).toBe('1.0.7');
    expect(node.closed).toBeUndefined();
  });
});

describe('hostile sockets', () => {
  it.each([
    ['text that is no JSON', 'garbage', 4022, 'message_malformed'],
    ['JSON of no known shape', '{"type":"reboot"}', 4022, 'message_malformed'],
    [
      'a known message out of turn',
      '{"type":"command_ack","id":"00000000-0000-4000-8000-000000000000","accepted":true,"attempt_id":null}',
      4022,
      'message_unexpected',
    ],
    ['a frame over 64 KiB', 'x'.repeat(65 * 1024), 1009, ''],
  ])('closes on %s', async (_, text, code, reason) => {
    const { node } = await greet();
    node.socket.send(text);
    expect(await node.whenClosed()).toEqual({ code, reason });
  });

  it('closes on a binary frame, also of a live node', async () => {
    const node = await live();
    node.socket.send(Buffer.from([1, 2, 3]));
    expect(await node.whenClosed()).toEqual({ code: 4022, reason: 'message_malformed' });
  });

  it.each([
    ['a foreign page', { path: '/ws/node', protocol: 'tidegate.v1', origin: 'http://evil.example' }, 403],
    ['another path', { path: '/ws/other', protocol: 'tidegate.v1' }, 404],
    ['another subprotocol', { path: '/ws/node', protocol: 'chat' }, 400],
  ])(
    'refuses %s at the HTTP upgrade',
    async (_, { path, protocol, origin }: { path: string; protocol: string; origin?: string }, status) => {
      const socket = new WebSocket(`ws://127.0.0.1:${manager.port}${path}`, protocol, origin === undefined ? {} : { origin });
      const answered = await new Promise<number | undefined>((settle) => {
        socket.on('unexpected-response', (_request, response) => settle(response.statusCode));
        socket.on('open', () => settle(101));
        socket.on('error', () => {});
      });
      socket.terminate();
      expect(answered).toBe(status);
    },
  );
});

describe('a beat that says what the last one said', () => {
  it('counts as heard', async () => {
    const node = await live();
    const shown = async () => (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body;
    const before = (await shown()).last_seen_at as string;
    manager.clock.advance(15_000);
    await node.beat({ uptime_secs: 20 });
    expect(Date.parse((await shown()).last_seen_at as string) - Date.parse(before)).toBe(15_000);
  });

  it.each([
    ['a number that is none', '"uptime_secs":05', 4022],
    ['a beat before the first', '"beat":0', 4022],
  ])('is still refused for %s', async (_, instead, code) => {
    const node = await live();
    const sent: string[] = [];
    const send = node.socket.send.bind(node.socket);
    node.socket.send = (text: unknown) => {
      sent.push(String(text));
      send(String(text));
    };
    await node.beat();
    const name = instead.split(':')[0] ?? '';
    node.socket.send((sent[0] ?? '').replace(new RegExp(`${name}:\\d+`), instead));
    expect((await node.whenClosed()).code).toBe(code);
  });
});

describe('silence', () => {
  it('turns an unheard node stale after 45 s and offline after 60 s', async () => {
    const node = await live();
    const connection = async () => (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body.connection as string;
    manager.clock.advance(46_000);
    expect(await connection()).toBe('stale');
    manager.clock.advance(15_000);
    expect(await connection()).toBe('offline');
    keep(await manager.node(node.identity));
    expect(await connection()).toBe('online');
  });
});
