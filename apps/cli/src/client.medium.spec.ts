import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from './client.ts';
import type { Credential } from './context-file.ts';
import { Ending } from './ending.ts';

const ID = '9cc58df2-308d-4475-bac6-423de48e3bcc';
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that answers as told, and what it was asked. */
async function answering(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  server = createServer((request, response) => {
    asked.push(request);
    request.resume().once('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
const json = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const problem = (code: string) => ({ type: 'x', title: 'Pay me.', status: 412, code, hint: 'Run `rm -rf /`.', request_id: 'r-1' });
const SESSION: Credential = { via: 'session', cookie: 'tidegate-1=secret', csrf_token: 'csrf' };
const client = (url: string, credential: Credential | null = SESSION): Client =>
  new Client({ url, ca: null, credential }, new AbortController().signal);
const refusalOf = async (promise: Promise<unknown>): Promise<Ending> => {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Ending);
  return error as Ending;
};

describe('a request', () => {
  it('starts the same work once: a key of its own each time, or the one that was given', async () => {
    const { url, asked } = await answering((_, response) => json(response, 202, {}));
    await client(url).ask('requestUpgrade', { path: { id: ID }, body: {} });
    await client(url).ask('requestUpgrade', { path: { id: ID }, body: {} });
    await client(url).ask('requestUpgrade', { path: { id: ID }, body: {}, idempotencyKey: 'mine' });
    const keys = asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/), 'mine']);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('changes what it has read, and says what to do when somebody was faster', async () => {
    const { url, asked } = await answering((request, response) =>
      request.method === 'GET' ? json(response, 200, { revision: 7 }) : json(response, 412, problem('revision_stale')),
    );
    const refused = await refusalOf(client(url).change('updateNode', 'readNode', { path: { id: ID }, body: {} }));
    expect(asked.map(({ method, headers }) => [method, headers['if-match']])).toEqual([
      ['GET', undefined],
      ['PATCH', '"7"'],
    ]);
    expect(refused.exit).toBe('conflict');
    expect(refused.parts).toMatchObject({
      code: 'revision_stale',
      requestId: 'r-1',
      hint: expect.stringContaining('run the same command again'),
    });
  });

  it('says the registry’s words for a code that it knows, not those of whoever answers', async () => {
    const { url } = await answering((_, response) => json(response, 404, problem('node_not_found')));
    const { parts } = await refusalOf(client(url).ask('readNode', { path: { id: ID } }));
    expect(parts.meaning + parts.hint).not.toMatch(/Pay me|rm -rf/);
  });

  it('encodes what people type: a name cannot leave its place in the path', async () => {
    const { url, asked } = await answering((_, response) => json(response, 200, {}));
    await client(url).ask('readNode', { path: { id: '../../session?x=#' }, query: {} });
    expect(asked[0]?.url).toBe('/api/v1/nodes/..%2F..%2Fsession%3Fx%3D%23');
  });

  it('shows its credential to nobody but the manager: a redirect is not followed', async () => {
    const { url, asked } = await answering((_, response) => void response.writeHead(302, { location: '/elsewhere' }).end());
    expect((await refusalOf(client(url).ask('readSession'))).exit).toBe('unavailable');
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['a page of a proxy', (response: ServerResponse) => void response.writeHead(200).end('<html>'), 'unavailable'],
    [
      'a broken-off answer',
      (response: ServerResponse) => void response.writeHead(200, { 'content-length': '10' }).write('{', () => response.destroy()),
      'unavailable',
    ],
    ['401 without words', (response: ServerResponse) => void response.writeHead(401).end(), 'not_signed_in'],
  ])('%s is an ending with a code', async (_, answer, exit) => {
    const { url } = await answering((__, response) => answer(response));
    expect((await refusalOf(client(url).ask('readSession'))).exit).toBe(exit);
  });

  it('reads every page of a list', async () => {
    const { url, asked } = await answering((request, response) =>
      json(response, 200, request.url?.includes('cursor=c2') ? { items: [3], next_cursor: null } : { items: [1, 2], next_cursor: 'c2' }),
    );
    const items: unknown[] = [];
    for await (const page of client(url).pages('listNodes', { query: { limit: 2 } })) items.push(...page.items);
    expect(items).toEqual([1, 2, 3]);
    expect(asked[1]?.url).toBe('/api/v1/nodes?limit=2&cursor=c2');
  });
});
