import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, parseConfig } from '../platform/index.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ReleaseCatalogue } from './release-catalogue.ts';
import { ReleaseSources } from './release-sources.ts';

const EDGE = 'tidegate-edge';
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

const release = (version: string, change: object = {}) => ({
  tag_name: `v${version}`,
  draft: false,
  prerelease: false,
  published_at: '2026-10-01T09:00:00Z',
  body: `notes of ${version}`,
  ...change,
});
const json =
  (body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** A source whose answer a test changes at will. */
async function scripted(handler: RequestListener) {
  const source = { handler, requests: [] as IncomingMessage[], url: '' };
  const server = createServer((request, response) => {
    source.requests.push(request);
    source.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  source.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return source;
}

function open(url: string, change: object = {}) {
  const clock = new ManualClock();
  const source = { device_type: EDGE, api_base_url: url, owner: 'acme', repo: 'edge', allow_loopback_http: true, ...change };
  const config = parseConfig({
    listen: { port: 0 },
    data_dir: '/nowhere',
    admin: { password_file: '/nowhere' },
    release_sources: [source],
  });
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  return {
    clock,
    lines,
    catalogue: new ReleaseCatalogue(
      new ReleaseSources(config, { open: (sealed, place) => `opened ${sealed.slice(0, 6)} of ${place}` }),
      clock,
      log,
    ),
  };
}
const versions = async (catalogue: ReleaseCatalogue, channel?: string): Promise<string[]> =>
  (await catalogue.list(EDGE, { channel, limit: 100 })).items.map((item) => item.version);

describe('the list of releases', () => {
  it('is newest first, of all pages, and leaves out what is no version or not published', async () => {
    const source = await scripted((request, response) => {
      const second = request.url?.includes('page=2') ?? false;
      const link = second ? {} : { link: `<http://169.254.169.254/next>; rel="next"` };
      const first = [release('1.9.0'), release('1.10.0'), release('2.0.0-beta.1', { prerelease: true }), release('3.0.0', { draft: true })];
      json(second ? [release('1.0.0'), release('1.9.0', { body: 'again' }), { ...release('x'), tag_name: 'nightly' }] : first, link)(
        request,
        response,
      );
    });
    const { catalogue } = open(source.url);
    expect(await versions(catalogue)).toEqual(['2.0.0-beta.1', '1.10.0', '1.9.0', '1.0.0']);
    expect(await versions(catalogue, 'stable')).toEqual(['1.10.0', '1.9.0', '1.0.0']);
    expect(source.requests.map(({ url }) => url)).toEqual([1, 2].map((page) => `/repos/acme/edge/releases?per_page=100&page=${page}`));
  });

  it('is kept for five minutes and then asked for with its ETag, which costs nothing when it is unchanged', async () => {
    const source = await scripted((request, response) =>
      request.headers['if-none-match'] === '"1"'
        ? void response.writeHead(304).end()
        : json([release('1.0.0')], { etag: '"1"' })(request, response),
    );
    const { catalogue, clock } = open(source.url);
    await versions(catalogue);
    clock.advance(299_000);
    await versions(catalogue);
    expect(source.requests).toHaveLength(1);
    clock.advance(1000);
    expect(await versions(catalogue)).toEqual(['1.0.0']);
    expect(source.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
  });

  it('of a private repository is asked for with the token, which is read anew and goes nowhere else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-token-'));
    undo.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'token');
    await writeFile(file, 'first-secret\n');
    const elsewhere = await scripted(json([release('6.6.6')]));
    const source = await scripted(json([release('1.0.0')]));
    const { catalogue, clock, lines } = open(source.url, { token_file: file });
    await versions(catalogue);
    await writeFile(file, 'second-secret\n');
    source.handler = (_request, response) => void response.writeHead(302, { location: `${elsewhere.url}/elsewhere` }).end();
    clock.advance(300_000);
    await versions(catalogue);
    expect(source.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first-secret', 'Bearer second-secret']);
    expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(lines.join('')).not.toContain('secret');
  });

  it('of a private repository is asked for with the token that the configuration holds sealed', async () => {
    const source = await scripted(json([release('1.0.0')]));
    await versions(open(source.url, { token: `enc:v1:${'0'.repeat(16)}:${'A'.repeat(40)}` }).catalogue);
    expect(source.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer opened enc:v1 of release_sources.${EDGE}.token`]);
  });

  it('is served at once from what was said last while the source fails, which is asked behind it', async () => {
    const source = await scripted(json([release('1.0.0')]));
    const { catalogue, clock } = open(source.url);
    await versions(catalogue);
    source.handler = (_request, response) => void response.writeHead(500).end();
    clock.advance(300_000);
    expect(await catalogue.list(EDGE, { limit: 1 })).toMatchObject({ stale: true, items: [{ version: '1.0.0' }] });
    expect(await catalogue.find(EDGE, '1.1.0')).toBe('unknown');
    // From here on it never answers; nobody waits for it.
    const held: (() => void)[] = [];
    source.handler = (_request, response) => void held.push(() => json([release('1.1.0')])(_request, response));
    clock.advance(15_000);
    expect(await versions(catalogue)).toEqual(['1.0.0']);
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    held[0]?.();
    while ((await catalogue.list(EDGE, { limit: 1 })).stale) await new Promise((resolve) => setImmediate(resolve));
    expect(await versions(catalogue)).toEqual(['1.1.0']);
  });

  it.each([
    ['says when to come back', { 'retry-after': '120' }, 120],
    [
      'has used its window up',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.parse('2026-11-02T09:10:00Z') / 1000) },
      600,
    ],
  ])('is not asked for before its time at a source that %s', async (_how, headers, seconds) => {
    const source = await scripted((_request, response) => void response.writeHead(403, headers).end());
    const { catalogue, clock } = open(source.url);
    await expect(versions(catalogue)).rejects.toMatchObject({ code: 'source_unavailable' });
    clock.advance((seconds - 1) * 1000);
    await expect(versions(catalogue)).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(source.requests).toHaveLength(1);
    clock.advance(1000);
    source.handler = json([release('1.0.0')]);
    expect(await versions(catalogue)).toEqual(['1.0.0']);
  });

  it('is left alone after a good answer, too, that was the last of a window', async () => {
    const last = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.parse('2026-11-02T09:20:00Z') / 1000) };
    const source = await scripted(json([release('1.0.0')], last));
    const { catalogue, clock } = open(source.url);
    await versions(catalogue);
    clock.advance(19 * 60_000);
    expect(await versions(catalogue)).toEqual(['1.0.0']);
    expect(await catalogue.has(EDGE, '1.1.0', 'stable')).toBe('no');
    expect(source.requests).toHaveLength(1);
  });
});

describe('a source that lies', () => {
  it.each<[string, RequestListener, object]>([
    ['no JSON', (_request, response) => void response.writeHead(200).end('<html>'), { reason: 'answer_malformed' }],
    ['another shape', json({ message: 'hello' }), { reason: 'answer_malformed' }],
    ['wrong types', json([{ tag_name: 7 }]), { reason: 'answer_malformed' }],
    ['more than a page', json(Array.from({ length: 101 }, (_, index) => release(`1.0.${index}`))), { reason: 'answer_malformed' }],
    [
      'a redirect to the metadata service',
      (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      { reason: 'address_refused' },
    ],
    [
      'a redirect to a private network',
      (_request, response) => void response.writeHead(301, { location: 'https://10.0.0.1/' }).end(),
      { reason: 'address_refused' },
    ],
    [
      'a redirect to itself',
      (_request, response) => void response.writeHead(302, { location: '/again' }).end(),
      { reason: 'address_refused' },
    ],
    ['a cut line', (request) => void request.socket.destroy(), { reason: 'network' }],
  ])('is unavailable: %s', async (_what, handler, details) => {
    const source = await scripted(handler);
    const { catalogue, lines } = open(source.url);
    await expect(versions(catalogue)).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(lines.map((line) => JSON.parse(line).details)).toEqual([expect.objectContaining(details)]);
  });

  it('is not read to its end when its end does not come', async () => {
    let sent = 0;
    const source = await scripted((_request, response) => {
      const more = (): void => {
        while (sent < 64 * 1024 * 1024 && !response.destroyed && response.write(' '.repeat(256 * 1024))) sent += 256 * 1024;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const { catalogue, lines } = open(source.url);
    await expect(versions(catalogue)).rejects.toMatchObject({ code: 'source_unavailable' });
    expect(JSON.parse(lines[0]!).details).toEqual({ reason: 'answer_too_large' });
    expect(sent).toBeLessThan(40 * 1024 * 1024);
  });

  it('does not speak to the reader’s terminal', async () => {
    const source = await scripted(json([release('1.0.0', { body: 'line one\n\tline two\u001b[31m\u0007\u009b31m\r' })]));
    const [only] = (await open(source.url).catalogue.list(EDGE, { limit: 1 })).items;
    expect(only?.notes).toBe('line one\n\tline two[31m31m');
  });
});
