import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from './testing/manager-under-test.ts';
import { askAs, newPerson, streamAs, withToken } from './testing/people.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const sockets = new Set<Socket>();

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    limits: { header_timeout_secs: 0.5, request_timeout_secs: 1, requests_per_minute: 40, streams_per_session: 3 },
  });
  await manager.signIn();
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

interface Heard {
  readonly socket: Socket;
  /** All that came until the manager closed. */
  readonly said: Promise<string>;
}

async function open(): Promise<Heard> {
  const socket = connect(manager.port, '127.0.0.1');
  sockets.add(socket);
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk))).on('error', () => {});
  const said = new Promise<string>((settle) => socket.on('close', () => settle(text)));
  await once(socket, 'connect');
  return { socket, said };
}

/** All of them are closed. Who was still sending may lose the answer on the way: the kernel resets a connection with bytes unread. */
function expectTimeouts(said: readonly string[]): void {
  const codes = said.map((text) => (text.startsWith('HTTP/1.1 408 ') ? codeIn(text) : text));
  expect(new Set(codes.filter((code) => code !== ''))).toEqual(new Set(['request_timeout']));
}
const codeIn = (text: string): unknown => /"code":"(\w+)"/.exec(text)?.[1];
/** Every few milliseconds a byte, for as long as the socket takes it. */
function dribble({ socket }: Heard, byte: string): void {
  const timer = setInterval(() => (socket.writable ? socket.write(byte) : clearInterval(timer)), 20);
  socket.on('close', () => clearInterval(timer));
}
const POST = 'POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';

describe('whoever wastes the manager’s time', () => {
  it('by a thousand silent sockets is shown out, while others are served', async () => {
    const silent = await Promise.all(Array.from({ length: 1000 }, open));
    expect((await manager.call('POST', '/api/v1/session', { username: 'admin', password: 'wrong' })).body.code).toBe('credentials_invalid');
    await manager.signIn();
    const said = await Promise.all(silent.map((each) => each.said));
    expect(said.filter((text) => codeIn(text) !== 'request_timeout')).toEqual([]);
  });

  it('by headers that never end is shown out', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, open));
    for (const each of slow) {
      each.socket.write('GET /api/v1/nodes HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ');
      dribble(each, 'x');
    }
    await manager.signIn();
    expectTimeouts(await Promise.all(slow.map((each) => each.said)));
  });

  it('by a body that never ends is shown out', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, open));
    for (const each of slow) {
      each.socket.write(POST);
      dribble(each, ' ');
    }
    await manager.signIn();
    expectTimeouts(await Promise.all(slow.map((each) => each.said)));
  });

  it.each([
    ['headers of 20 KiB', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [
      'a thousand headers',
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(1000)}\r\n`,
      431,
      'headers_too_large',
    ],
    ['no HTTP', `${'\u0016\u0003'.repeat(50)}\r\n\r\n`, 400, 'request_invalid'],
    ['two lengths', 'POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}', 400, 'request_invalid'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'request_invalid',
    ],
  ])('with %s is answered with its code and cut off', async (_, text, status, code) => {
    const { socket, said } = await open();
    socket.write(text, 'latin1');
    const answer = await said;
    expect([answer.split(' ')[1], codeIn(answer)]).toEqual([String(status), code]);
  });

  it('by halves of answers gets no second one behind them', async () => {
    const { socket, said } = await open();
    const nonsense = 'nonsense\r\n\r\n';
    socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${manager.port}\r\n\r\n${nonsense}`);
    const answer = await said;
    expect(answer.match(/^HTTP\/1\.1 /gm)?.length).toBeLessThanOrEqual(2);
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
  });
});

describe('one account', () => {
  it('has so many requests in a minute, by all its credentials together, and then those of others go on', async () => {
    const person = await newPerson(manager, 'super_admin');
    const program = await withToken(manager, person, ['read']);
    const statuses: number[] = [];
    for (let n = 0; n < 25; n++)
      for (const who of [person, program]) statuses.push((await askAs(manager, who, 'GET', '/api/v1/nodes')).status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(40);
    const refused = await askAs(manager, program, 'GET', '/api/v1/nodes');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    const other = await newPerson(manager, 'super_admin');
    expect((await askAs(manager, other, 'GET', '/api/v1/nodes')).status).toBe(200);
    for (let part = 0; part < 10; part++) {
      manager.clock.advance(6000);
      await manager.untilReady(200);
    }
    expect((await askAs(manager, person, 'GET', '/api/v1/nodes')).status).toBe(200);
  });

  it('has so many live streams per session, and room again when one is closed', async () => {
    const person = await newPerson(manager, 'super_admin');
    const streams = await Promise.all([1, 2, 3].map(() => holdStream(person.headers)));
    const refused = await askAs(manager, person, 'GET', '/api/v1/stream');
    expect(refused).toMatchObject({ status: 429, body: { code: 'stream_limit_reached', details: { limit: 3 } } });
    await streamAs(manager, await newPerson(manager, 'super_admin'));
    streams[0]?.destroy();
    while ((await askAs(manager, person, 'GET', '/api/v1/stream')).status !== 200) await new Promise((settle) => setImmediate(settle));
    for (const stream of streams) stream.destroy();
  });

  async function holdStream(headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const outgoing = request({ host: '127.0.0.1', port: manager.port, path: '/api/v1/stream', headers: { ...headers }, agent: false });
    outgoing.on('error', () => {});
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    return response.on('error', () => {});
  }
});
