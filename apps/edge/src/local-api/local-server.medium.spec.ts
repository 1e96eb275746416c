import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { problem as problemSchema } from '@tidegate/contract-api';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { AttemptId } from '@tidegate/contract-protocol';
import type { AttemptRecord } from '@tidegate/engine-upgrade';
import { servePort, serveSocket, type LocalServer } from './local-server.ts';
import { openLocalToken, readLocalToken } from './local-token.ts';
import { routesOf, type RouteParts } from './routes.ts';

const TOKEN = 't'.repeat(43);
const ID = '4f0d8a52-7c34-4f63-9d55-0c6f6a1e2b01' as AttemptId;
const ATTEMPT = {
  id: ID,
  state: 'failed',
  toVersion: '1.1.0',
  errorCode: 'upgrade_network_error',
  errorDetails: { host: 'x' },
  steps: [{ state: 'accepted', at: '2026-01-01T00:00:00.000Z', uptimeSecs: 1, bootId: 'b', tookSecs: 0.2 }],
} as unknown as AttemptRecord;

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}
interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

describe('the local API', () => {
  let folder: string;
  let asked: unknown[];
  let verdict: Verdict<AttemptId>;
  const servers: LocalServer[] = [];
  const faults: unknown[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-local-'));
    asked = [];
    faults.length = 0;
    verdict = accept(ID);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    rmSync(folder, { recursive: true });
    expect(faults).toEqual([]);
  });

  const answering = (parts: Partial<RouteParts> = {}) => {
    const said = async (act: string, what?: unknown) => {
      asked.push(what === undefined ? act : [act, what]);
      return verdict;
    };
    const engine: RouteParts['engine'] = {
      request: (what) => said('request', what),
      apply: () => said('apply'),
      rollback: () => said('rollback'),
      unblock: async (version) => (version === '1.1.0' ? accept(undefined) : refuse('upgrade_not_blocked', { version })),
      running: () => null,
      history: () => [ATTEMPT],
      report: () => null,
    };
    const routes = routesOf({
      engine,
      status: async () => ({ current: '1.0.0' }),
      latest: async () => refuse('upgrade_network_error'),
      ...parts,
    });
    return { routes, token: TOKEN, onFault: (error: unknown) => void faults.push(error) };
  };
  const socket = (): string => join(folder, 'run/agent.sock');
  const serve = async (server: Promise<LocalServer>): Promise<LocalServer> => {
    servers.push(await server);
    return server;
  };
  const ask = ({ method = 'GET', path, headers = { authorization: `Bearer ${TOKEN}` }, body }: Asked, port?: number) =>
    new Promise<Answered>((resolve, reject) => {
      const where = port === undefined ? { socketPath: socket() } : { port, host: '127.0.0.1' };
      const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
      const going = request({ ...where, method, path, headers: { ...type, ...headers }, agent: false }, (response) => {
        const { statusCode: status = 0, headers: received } = response;
        text(response).then(
          (answer) => resolve({ status, headers: received, body: JSON.parse(answer) as Record<string, unknown> }),
          reject,
        );
      });
      going.on('error', reject);
      going.end(body);
    });

  it('tells anybody on the machine that the agent’s loop turns', async () => {
    await serve(serveSocket(socket(), answering()));
    expect(await ask({ path: '/healthz', headers: {} })).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it.each([
    ['no token', {}],
    ['another token', { authorization: `Bearer ${'u'.repeat(43)}` }],
    ['the beginning of the token', { authorization: `Bearer ${'t'.repeat(42)}` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('answers %s with 401 on every path, known or not, and does nothing', async (_, headers) => {
    await serve(serveSocket(socket(), answering()));
    for (const path of ['/status', '/apply', '/nowhere', '/update/x']) {
      const answer = await ask({ method: path === '/apply' ? 'POST' : 'GET', path, headers: headers });
      expect(answer).toMatchObject({ status: 401, body: { code: 'local_token_invalid' }, headers: { 'www-authenticate': 'Bearer' } });
      expect(JSON.stringify(answer.body)).not.toContain(TOKEN);
    }
    expect(asked).toEqual([]);
  });

  it('takes requests and says where to look', async () => {
    await serve(serveSocket(socket(), answering()));
    const answer = await ask({ method: 'POST', path: '/update', body: '{"version":"1.1.0","channel":"beta"}' });
    expect(answer).toMatchObject({ status: 202, body: { id: ID }, headers: { location: `/update/${ID}`, 'cache-control': 'no-store' } });
    await ask({ method: 'POST', path: '/update', body: '{"version":"1.2.0"}' });
    await ask({ method: 'POST', path: '/apply' });
    await ask({ method: 'POST', path: '/rollback' });
    expect(asked).toEqual([
      ['request', { version: '1.1.0', channel: 'beta' }],
      ['request', { version: '1.2.0', channel: 'stable' }],
      'apply',
      'rollback',
    ]);
  });

  it('shows an attempt with its steps, and the history', async () => {
    await serve(serveSocket(socket(), answering()));
    const expected = {
      id: ID,
      error: { code: 'upgrade_network_error', details: { host: 'x' } },
      steps: [{ state: 'accepted', took_secs: 0.2 }],
    };
    expect(await ask({ path: `/update/${ID}` })).toMatchObject({ status: 200, body: expected });
    expect(await ask({ path: '/history' })).toMatchObject({ status: 200, body: { attempts: [expected] } });
    expect(await ask({ path: '/update/other' })).toMatchObject({ status: 404 });
  });

  it.each([
    [409, refuse('upgrade_in_progress', { attempt_id: 'x' })],
    [422, refuse('upgrade_disabled')],
    [429, refuse('upgrade_rate_limited', { retry_after_secs: 7 })],
    [500, refuse('upgrade_storage_error')],
  ])('answers %i to what the engine refuses, as a problem with its code', async (status, refusal) => {
    await serve(serveSocket(socket(), answering()));
    verdict = refusal;
    const answer = await ask({ method: 'POST', path: '/update', body: '{"version":"1.1.0"}' });
    expect(answer).toMatchObject({ status, body: { code: refusal.code, details: refusal.details } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['retry-after']).toBe(status === 429 ? '7' : undefined);
    expect(problemSchema.safeParse(answer.body).success).toBe(true);
  });

  it.each<[number, string, Asked]>([
    [404, 'route_not_found', { path: '/nowhere' }],
    [404, 'route_not_found', { path: '/update/../status' }],
    [405, 'method_not_allowed', { method: 'DELETE', path: '/status' }],
    [405, 'method_not_allowed', { method: 'OPTIONS', path: '/update' }],
    [413, 'request_too_large', { method: 'POST', path: '/update', body: JSON.stringify({ version: 'x'.repeat(5000) }) }],
    [
      415,
      'media_type_unsupported',
      { method: 'POST', path: '/update', body: '{}', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' } },
    ],
    [400, 'request_invalid', { method: 'POST', path: '/update', body: '{' }],
    [400, 'request_invalid', { method: 'POST', path: '/update', body: '{}' }],
    [400, 'request_invalid', { method: 'POST', path: '/update', body: '{"version":"../../etc"}' }],
    [400, 'request_invalid', { method: 'POST', path: '/update', body: '{"version":"1.1.0","force":true}' }],
    [400, 'request_invalid', { method: 'POST', path: '/apply', body: '{"now":1}' }],
    [409, 'upgrade_not_blocked', { method: 'POST', path: '/unblock', body: '{"version":"9.0.0"}' }],
    [502, 'upgrade_network_error', { path: '/releases/latest' }],
  ])('answers %i %s to %j', async (status, code, what) => {
    await serve(serveSocket(socket(), answering()));
    expect(await ask(what)).toMatchObject({ status, body: { code } });
    expect(asked).toEqual([]);
  });

  it('stops reading a body without an end', async () => {
    await serve(serveSocket(socket(), answering()));
    const line = connect(socket());
    line.on('error', () => {});
    line.write(
      `POST /update HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const piece = 'x'.repeat(1000);
    for (let sent = 0; sent < 8; sent++) line.write(`3e8\r\n${piece}\r\n`);
    const answer = await text(line);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('says no more than a code when it fails itself', async () => {
    await serve(serveSocket(socket(), answering({ status: () => Promise.reject(new Error('secret path')) })));
    const answer = await ask({ path: '/status' });
    expect(answer).toMatchObject({ status: 500, body: { code: 'local_fault' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(faults.splice(0)).toHaveLength(1);
  });

  it('lets owner and group ask on the socket, and replaces a dead agent’s', async () => {
    await serve(serveSocket(socket(), answering()));
    expect(statSync(socket()).mode & 0o777).toBe(0o660);
    await serve(serveSocket(socket(), answering()));
    expect(await ask({ path: '/status' })).toMatchObject({ status: 200, body: { current: '1.0.0' } });
    for (const server of servers.splice(0).reverse()) await server.close();
    expect(existsSync(socket())).toBe(false);
  });

  it('takes no name that belongs to something else, and no path that would be cut off', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    await expect(serveSocket(file, answering())).rejects.toMatchObject({ code: 'local_api_unavailable' });
    expect(readFileSync(file, 'utf8')).toBe('kept');
    await expect(serveSocket(join(folder, 'x'.repeat(108)), answering())).rejects.toMatchObject({ code: 'local_api_unavailable' });
  });

  it('answers on loopback only to this machine’s own names, for whoever has the token', async () => {
    const { port } = await serve(servePort(0, answering()));
    const authorization = `Bearer ${TOKEN}`;
    const at = (host: string, path = '/status') => ask({ path, headers: { authorization, host } }, port ?? 0);
    expect(await at(`127.0.0.1:${port}`)).toMatchObject({ status: 200 });
    expect(await at(`localhost:${port}`)).toMatchObject({ status: 200 });
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '169.254.169.254'])
      for (const path of ['/status', '/healthz'])
        expect(await at(host, path)).toMatchObject({ status: 421, body: { code: 'local_host_not_allowed' } });
    const answer = await ask({ path: '/status', headers: { host: `localhost:${port}` } }, port ?? 0);
    expect(answer.status).toBe(401);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('the token', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tidegate-token-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is made once, for its owner only', async () => {
    expect(await readLocalToken(root)).toBeNull();
    const token = await openLocalToken(root);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await openLocalToken(root)).toBe(token);
    const file = join(root, 'identity/local-api-token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, '\n');
    await expect(openLocalToken(root)).rejects.toMatchObject({ code: 'identity_unusable' });
  });
});
