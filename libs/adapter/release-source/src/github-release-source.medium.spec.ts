import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LIMITS, type Artefact, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { ReleaseSource } from '@tidegate/engine-upgrade';
import { startFaultyReleaseServer, type FaultyReleaseServer, type ReleaseServerOptions } from '@tidegate/test-kit';
import { githubReleaseSource, SYSTEM_DEPENDENCIES, type GithubReleaseSourceConfig, type SourceDependencies } from './index.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { startScriptedServer, type Reply } from './testing/scripted-server.ts';

const VERSION = '1.1.0' as ReleaseVersion;
const BYTES = Buffer.alloc(1_000_000);
for (let i = 0, x = 7; i < BYTES.length; i++) BYTES[i] = (x = (x * 48271) % 2147483647) & 255;
const artefactOf = (size: number): Artefact => ({ name: 'edge.tar.gz', size }) as Artefact;
const never = (): AbortSignal => new AbortController().signal;

const cleanup: (() => Promise<unknown>)[] = [];
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'release-source-'));
  cleanup.push(() => rm(root, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

async function releases(
  options: Partial<ReleaseServerOptions> = {},
  files: Record<string, Uint8Array | string> = {},
): Promise<FaultyReleaseServer> {
  const folder = join(root, 'one');
  await mkdir(folder, { recursive: true });
  const all = { 'manifest.json': '{"signed":true}', 'manifest.sig.bundle': '{"bundle":true}', 'edge.tar.gz': BYTES, ...files };
  for (const [name, bytes] of Object.entries(all)) await writeFile(join(folder, name), bytes);
  const server = await startFaultyReleaseServer({ dataDir: join(root, 'data'), ...options });
  cleanup.push(() => server.close());
  await server.publish(folder, { owner: 'acme', repo: 'edge', tag: `v${VERSION}` });
  return server;
}
async function scripted(routes: Record<string, Reply>) {
  const server = await startScriptedServer(routes);
  cleanup.push(() => server.close());
  return server;
}
function sourceAt(
  apiBaseUrl: string,
  config: Partial<GithubReleaseSourceConfig> = {},
  dependencies: Partial<SourceDependencies> = {},
): ReleaseSource {
  const source = githubReleaseSource(
    { apiBaseUrl, owner: 'acme', repo: 'edge', allowLoopbackHttp: true, userAgent: 'tidegate-test', ...config },
    { ...SYSTEM_DEPENDENCIES, clock: new ManualClock(), random: () => 0.5, ...dependencies },
  );
  cleanup.push(() => source.close());
  return source;
}
/** Opens and reads the artefact; what the stream throws becomes the result. */
async function download(source: ReleaseSource, size = BYTES.length, signal = never(), offset = 0) {
  const opened = await source.openArtefact(VERSION, artefactOf(size), offset, signal);
  if (!opened.ok) return { bytes: Buffer.alloc(0), error: opened as unknown };
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of opened.value) pieces.push(Buffer.from(piece));
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error };
  }
  return { bytes: Buffer.concat(pieces), error: null };
}

/** Compared as bytes: jest's deep equality takes seconds for a megabyte. */
function expectWhole({ bytes, error }: { bytes: Buffer; error: unknown }): void {
  expect(error).toBeNull();
  expect(bytes.equals(BYTES)).toBe(true);
}

const TAG_PATH = `/repos/acme/edge/releases/tags/v${VERSION}`;
const ASSET_PATH = '/repos/acme/edge/releases/assets/3';
const describeRelease: Reply = (_request, response) => {
  const assets = [
    { id: 1, name: 'manifest.json' },
    { id: 2, name: 'manifest.sig.bundle' },
    { id: 3, name: 'edge.tar.gz' },
  ];
  response.end(JSON.stringify({ tag_name: `v${VERSION}`, assets }));
};
/** Answers the first request with half the artefact and a cut line, later ones with `later`. */
const cutThen = (later: Reply, etag: string | null = '"one"'): Record<string, Reply> => {
  let count = 0;
  return {
    [TAG_PATH]: describeRelease,
    [ASSET_PATH]: (request, response) => {
      if (count++ > 0) return later(request, response);
      response.writeHead(200, { 'content-length': BYTES.length, ...(etag && { etag }) });
      response.write(BYTES.subarray(0, 500_000), () => response.destroy());
    },
  };
};

describe('the statement of a release', () => {
  it('is the raw bytes of the manifest and its bundle', async () => {
    const server = await releases();
    const verdict = await sourceAt(server.url).fetchStatement(VERSION, never());
    if (!verdict.ok) throw new Error(verdict.code);
    expect(Buffer.from(verdict.value.manifestBytes).toString()).toBe('{"signed":true}');
    expect(Buffer.from(verdict.value.bundleBytes).toString()).toBe('{"bundle":true}');
    expect(verdict.value.origin).toBe('127.0.0.1');
  });

  it('comes from a name, at the address the name resolved to', async () => {
    const server = await releases();
    const asked: string[] = [];
    const resolveAll: SourceDependencies['resolveAll'] = (name, _options, done) => {
      asked.push(name);
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const source = sourceAt(server.url.replace('127.0.0.1', 'localhost'), {}, { resolveAll });
    expect(await source.fetchStatement(VERSION, never())).toMatchObject({ ok: true, value: { origin: 'localhost' } });
    expect(asked[0]).toBe('localhost');
  });

  it('comes from private repositories with the token, which never reaches the download host', async () => {
    // The download host answers 400 to any Authorization header.
    const server = await releases({ token: 'secret' });
    expect(await sourceAt(server.url, { token: 'secret' }).fetchStatement(VERSION, never())).toMatchObject({ ok: true });
    expect(await sourceAt(server.url).fetchStatement(VERSION, never())).toMatchObject({ ok: false, code: 'upgrade_release_not_found' });
  });

  it('is refused when the release, or one of its files, is missing', async () => {
    const server = await releases();
    const source = sourceAt(server.url);
    expect(await source.fetchStatement('9.9.9' as ReleaseVersion, never())).toMatchObject({
      code: 'upgrade_release_not_found',
      details: { version: '9.9.9' },
    });
    await rm(join(root, 'data/acme/edge/v1.1.0/manifest.sig.bundle'));
    expect(await source.fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_release_not_found',
      details: { file: 'manifest.sig.bundle' },
    });
  });

  it('is refused over the caps of the contract', async () => {
    const server = await releases({}, { 'manifest.sig.bundle': Buffer.alloc(LIMITS.bundleBytes + 1) });
    expect(await sourceAt(server.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_manifest_invalid',
      details: { file: 'manifest.sig.bundle' },
    });
  });

  it('is refused when an asset never ends', async () => {
    const server = await scripted({
      [TAG_PATH]: describeRelease,
      '/repos/acme/edge/releases/assets/1': (_request, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
        };
        more();
      },
    });
    expect(await sourceAt(server.url).fetchStatement(VERSION, never())).toMatchObject({ code: 'upgrade_manifest_invalid' });
  });

  it('stops at a rate limit without trying again, and says so', async () => {
    const server = await releases({ requestsPerHour: 0 });
    const clock = new ManualClock();
    expect(await sourceAt(server.url, {}, { clock }).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_network_error',
      details: { status: 403, rate_limited: true },
    });
    expect(clock.waitedMs).toEqual([60_000]);
  });

  it('tries a busy server again, a bounded number of times with growing waits', async () => {
    const server = await scripted({ [TAG_PATH]: (_request, response) => void response.writeHead(503).end() });
    const clock = new ManualClock();
    expect(await sourceAt(server.url, {}, { clock }).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_network_error',
      details: { status: 503 },
    });
    expect(clock.waitedMs).toEqual([60_000, 250, 500, 1000, 2000, 4000]);
    expect(server.requests).toHaveLength(6);
  });

  it('is refused when nobody listens, or the answer is no release', async () => {
    const gone = await startScriptedServer({});
    await gone.close();
    expect(await sourceAt(gone.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_network_error',
      details: { error: 'ECONNREFUSED' },
    });
    const other = await scripted({
      [TAG_PATH]: (_request, response) => void response.end(JSON.stringify({ tag_name: 'v1.0.0', assets: [] })),
    });
    expect(await sourceAt(other.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_release_not_found',
      details: { version: VERSION },
    });
    const odd = await scripted({ [TAG_PATH]: (_request, response) => void response.end('<html>') });
    expect(await sourceAt(odd.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_network_error',
      details: { rule: 'unexpected answer' },
    });
  });

  it('ends at its deadline when the server is silent', async () => {
    const server = await scripted({ [TAG_PATH]: () => undefined });
    const clock = new ManualClock();
    const fetching = sourceAt(server.url, {}, { clock }).fetchStatement(VERSION, never());
    await clock.someoneWaits(60_000);
    clock.advance(60_000);
    expect(await fetching).toMatchObject({ code: 'upgrade_timeout', details: { rule: 'deadline' } });
  });
});

describe('redirects', () => {
  const redirect = (location: string): Record<string, Reply> => ({
    [TAG_PATH]: (_request, response) => void response.writeHead(302, { location }).end(),
  });

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'http://169.254.169.254/',
    'https://[fe80::1]/',
    'https://10.0.0.1/',
    'http://github.com/',
    'file:///etc/passwd',
    'https://user:pass@github.com/',
  ])('to %s are refused', async (location) => {
    const server = await scripted(redirect(location));
    expect(await sourceAt(server.url).fetchStatement(VERSION, never())).toMatchObject({ code: 'upgrade_url_invalid' });
  });

  it('to a name that resolves to link-local are refused before a connection', async () => {
    const server = await scripted(redirect('https://rebind.example/'));
    const resolveAll: SourceDependencies['resolveAll'] = (_name, _options, done) => done(null, [{ address: '169.254.169.254', family: 4 }]);
    expect(await sourceAt(server.url, {}, { resolveAll }).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_url_invalid',
      details: { rule: 'address', host: 'rebind.example' },
    });
  });

  it('are followed five times and not six', async () => {
    const chain = (hops: number): Record<string, Reply> => {
      const routes: Record<string, Reply> = {};
      for (let hop = 0; hop < hops; hop++) {
        routes[hop === 0 ? TAG_PATH : `/hop${hop}`] = (_request, response) =>
          void response.writeHead(307, { location: `/hop${hop + 1}` }).end();
      }
      routes[`/hop${hops}`] = (_request, response) => void response.end(JSON.stringify({ tag_name: `v${VERSION}`, assets: [] }));
      return routes;
    };
    const five = await scripted(chain(5));
    expect(await sourceAt(five.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_release_not_found',
      details: { file: 'manifest.json' },
    });
    const six = await scripted(chain(6));
    expect(await sourceAt(six.url).fetchStatement(VERSION, never())).toMatchObject({
      code: 'upgrade_url_invalid',
      details: { rule: 'too many redirects' },
    });
    expect(six.requests).toHaveLength(6);
  });

  it('do not carry the token to another origin, nor back again', async () => {
    const home: Record<string, Reply> = { '/back': describeRelease };
    const api = await scripted(home);
    const other = await scripted({ '/there': (_request, response) => void response.writeHead(302, { location: `${api.url}/back` }).end() });
    home[TAG_PATH] = (_request, response) => void response.writeHead(302, { location: `${other.url}/there` }).end();
    await sourceAt(api.url, { token: 'secret' }).fetchStatement(VERSION, never());
    expect(api.requests.slice(0, 2).map(({ path, headers }) => [path, headers.authorization])).toEqual([
      [TAG_PATH, 'Bearer secret'],
      ['/back', undefined],
    ]);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });
});

describe('an artefact', () => {
  it('arrives whole', async () => {
    const server = await releases();
    expectWhole(await download(sourceAt(server.url)));
  });

  it('arrives whole over a line that is cut three times, without a byte twice', async () => {
    const server = await releases();
    server.faults.cutAfterBytes.push(300_000, 200_000, 100);
    expectWhole(await download(sourceAt(server.url)));
    expect(server.faults.connections).toBe(4);
  });

  it('arrives however often the line is cut, as long as each connection brings something', async () => {
    const server = await releases();
    server.faults.cutAfterBytes.push(...Array.from({ length: 8 }, () => 100_000));
    expectWhole(await download(sourceAt(server.url)));
    expect(server.faults.connections).toBe(9);
  });

  it('is given up after five tries in a row without a byte', async () => {
    const server = await releases();
    server.faults.cutAfterBytes.push(300_000, 0, 0, 0, 0, 0, 0);
    const { bytes, error } = await download(sourceAt(server.url));
    expect(error).toMatchObject({ code: 'upgrade_network_error', details: { received_bytes: bytes.length } });
    expect(BYTES.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(server.faults.connections).toBe(6);
  });

  it('is refused when it changes between two connections', async () => {
    const server = await releases();
    server.faults.cutAfterBytes.push(300_000);
    const opened = await sourceAt(server.url).openArtefact(VERSION, artefactOf(BYTES.length), 0, never());
    if (!opened.ok) throw new Error(opened.code);
    const reading = async (): Promise<void> => {
      let changed = false;
      for await (const _piece of opened.value) {
        if (changed) continue;
        changed = true;
        await utimes(join(root, 'data/acme/edge/v1.1.0/edge.tar.gz'), 5, 5);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'upgrade_network_error', details: { rule: 'changed during the download' } });
  });

  it('continues where it was when the server ignores the range and sends the same again', async () => {
    const server = await scripted(cutThen((_request, response) => void response.writeHead(200, { etag: '"one"' }).end(BYTES)));
    expectWhole(await download(sourceAt(server.url)));
    expect(server.requests.at(-1)?.headers).toMatchObject({ 'if-range': '"one"', range: expect.stringMatching(/^bytes=\d+-$/) as unknown });
  });

  const first = (request: Parameters<Reply>[0]): number => Number(/(\d+)-/.exec(request.headers.range ?? '')?.[1]);
  const wrong: [string, Reply][] = [
    [
      'another start',
      (request, response) =>
        void response
          .writeHead(206, { etag: '"one"', 'content-range': `bytes ${first(request) - 1}-999999/1000000` })
          .end(BYTES.subarray(first(request) - 1)),
    ],
    ['no Content-Range', (request, response) => void response.writeHead(206, { etag: '"one"' }).end(BYTES.subarray(first(request)))],
    [
      'another total',
      (request, response) =>
        void response
          .writeHead(206, { etag: '"one"', 'content-range': `bytes ${first(request)}-999999/1000001` })
          .end(BYTES.subarray(first(request))),
    ],
    [
      'another ETag',
      (request, response) =>
        void response
          .writeHead(206, { etag: '"two"', 'content-range': `bytes ${first(request)}-999999/1000000` })
          .end(BYTES.subarray(first(request))),
    ],
    ['the whole of another object', (_request, response) => void response.writeHead(200, { etag: '"two"' }).end(BYTES)],
    [
      'a compressed body',
      (request, response) =>
        void response
          .writeHead(206, { etag: '"one"', 'content-encoding': 'gzip', 'content-range': `bytes ${first(request)}-999999/1000000` })
          .end('x'),
    ],
    ['204', (_request, response) => void response.writeHead(204).end()],
    ['416', (_request, response) => void response.writeHead(416).end()],
  ];
  it.each(wrong)('is refused when a resumed answer has %s', async (_name, reply) => {
    const server = await scripted(cutThen(reply));
    const { bytes, error } = await download(sourceAt(server.url));
    expect(error).toMatchObject({ code: 'upgrade_network_error' });
    expect(BYTES.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  it('begins where an earlier run ended, also when the server knows no ranges', async () => {
    const server = await releases();
    for (const offset of [1, 4096, BYTES.length - 1]) {
      const { bytes, error } = await download(sourceAt(server.url), BYTES.length, never(), offset);
      expect(error).toBeNull();
      expect(bytes.equals(BYTES.subarray(offset))).toBe(true);
    }
    const whole: Reply = (_request, response) => void response.writeHead(200, { etag: '"one"' }).end(BYTES);
    const rangeless = await scripted({ [TAG_PATH]: describeRelease, [ASSET_PATH]: whole });
    const { bytes } = await download(sourceAt(rangeless.url), BYTES.length, never(), 4096);
    expect(bytes.equals(BYTES.subarray(4096))).toBe(true);
  });

  it('sends no If-Range for a weak ETag', async () => {
    const server = await scripted(
      cutThen(
        (request, response) =>
          void response
            .writeHead(206, { etag: 'W/"one"', 'content-range': `bytes ${first(request)}-999999/1000000` })
            .end(BYTES.subarray(first(request))),
        'W/"one"',
      ),
    );
    expectWhole(await download(sourceAt(server.url)));
    expect(server.requests.at(-1)?.headers['if-range']).toBeUndefined();
  });

  it('is capped at its signed size when the source sends without end', async () => {
    const server = await scripted({
      [TAG_PATH]: describeRelease,
      [ASSET_PATH]: (_request, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write(BYTES, more);
        };
        more();
      },
    });
    const { bytes, error } = await download(sourceAt(server.url), 2_500_000);
    expect([bytes.length, error]).toEqual([2_500_000, null]);
  });

  it('ends early, for the unpacker to refuse, when the source holds less than was signed', async () => {
    const server = await releases();
    expectWhole(await download(sourceAt(server.url), BYTES.length + 1));
  });

  it('times out below the minimum throughput', async () => {
    const clock = new ManualClock();
    const server = await scripted({
      [TAG_PATH]: describeRelease,
      [ASSET_PATH]: (_request, response) => void response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 1000)),
    });
    const opened = await sourceAt(server.url, {}, { clock }).openArtefact(VERSION, artefactOf(BYTES.length), 0, never());
    if (!opened.ok) throw new Error(opened.code);
    const iterator = opened.value[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toHaveLength(1000);
    const stuck = iterator.next();
    await clock.someoneWaits(60_000);
    clock.advance(60_000);
    await expect(stuck).rejects.toMatchObject({ code: 'upgrade_timeout', details: { rule: 'too_slow' } });
  });

  it('times out at the total deadline however briskly the source trickles', async () => {
    const clock = new ManualClock();
    const server = await releases();
    const opened = await sourceAt(server.url, {}, { clock }).openArtefact(VERSION, artefactOf(BYTES.length), 0, never());
    if (!opened.ok) throw new Error(opened.code);
    const iterator = opened.value[Symbol.asyncIterator]();
    await iterator.next();
    clock.advance(3_600_000);
    const drain = async (): Promise<void> => {
      while (!(await iterator.next()).done);
    };
    await expect(drain()).rejects.toMatchObject({ code: 'upgrade_timeout', details: { rule: 'deadline' } });
  });

  it('does not count the time its reader takes as slowness of the network', async () => {
    const clock = new ManualClock();
    const server = await releases();
    const opened = await sourceAt(server.url, {}, { clock }).openArtefact(VERSION, artefactOf(BYTES.length), 0, never());
    if (!opened.ok) throw new Error(opened.code);
    let received = 0;
    for await (const piece of opened.value) {
      received += piece.length;
      clock.advance(61_000);
    }
    expect(received).toBe(BYTES.length);
  });

  it('is slowed down to the rate cap', async () => {
    const clock = new ManualClock();
    const server = await releases();
    const { bytes } = await download(sourceAt(server.url, { limits: { maxBytesPerSec: 1_000_000 } }, { clock }));
    expect(bytes.length).toBe(BYTES.length);
    expect(clock.nowMs()).toBeCloseTo(1000, -1);
  });

  it('ends when it is aborted, with the code of the reason, also while nothing arrives', async () => {
    const server = await scripted({
      [TAG_PATH]: describeRelease,
      [ASSET_PATH]: (_request, response) => void response.writeHead(200).write('x'),
    });
    const abort = new AbortController();
    const opened = await sourceAt(server.url).openArtefact(VERSION, artefactOf(10), 0, abort.signal);
    if (!opened.ok) throw new Error(opened.code);
    const iterator = opened.value[Symbol.asyncIterator]();
    await iterator.next();
    const stuck = iterator.next();
    abort.abort();
    await expect(stuck).rejects.toMatchObject({ code: 'upgrade_interrupted' });
  });
});

describe('the list of versions', () => {
  it('holds what is tagged as a version, in the source’s order, and no drafts', async () => {
    const tags = ['v1.2.0', 'v1.1.0', 'v1.3.0-rc.1', 'docs-7', '1.0.0', 'v2'];
    const server = await scripted({
      '/repos/acme/edge/releases?per_page=30': (_request, response) =>
        void response.end(JSON.stringify([{ tag_name: 'v9.0.0', draft: true }, ...tags.map((tag) => ({ tag_name: tag, draft: false }))])),
    });
    const source = githubReleaseSource({ apiBaseUrl: server.url, owner: 'acme', repo: 'edge', allowLoopbackHttp: true, userAgent: 'x' });
    cleanup.push(() => source.close());
    expect(await source.listVersions(never())).toEqual({ ok: true, value: ['1.2.0', '1.1.0', '1.3.0-rc.1'] });
  });

  it('is refused when the repository is not there, and when the answer is no list', async () => {
    const answers = { acme: '{}', nobody: null };
    for (const [owner, body] of Object.entries(answers)) {
      const server = await scripted(
        body === null ? {} : { [`/repos/${owner}/edge/releases?per_page=30`]: (_request, response) => void response.end(body) },
      );
      const source = githubReleaseSource({ apiBaseUrl: server.url, owner, repo: 'edge', allowLoopbackHttp: true, userAgent: 'x' });
      cleanup.push(() => source.close());
      expect(await source.listVersions(never())).toMatchObject({
        code: body === null ? 'upgrade_release_not_found' : 'upgrade_network_error',
      });
    }
  });
});

describe('an authority of its own', () => {
  it('is believed instead of the public ones', async () => {
    const [key, certificate] = [join(root, 'key.pem'), join(root, 'cert.pem')];
    const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', ...options, ...names], { stdio: 'ignore' });
    const caPem = await readFile(certificate, 'utf8');
    const server = createHttpsServer({ key: await readFile(key), cert: caPem }, (_request, response) => {
      response.end(JSON.stringify([{ tag_name: 'v1.2.0', draft: false }]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const apiBaseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const limits = { maxRetries: 0 };
    const listed = async (config: Partial<GithubReleaseSourceConfig>) => {
      const base = { apiBaseUrl, owner: 'acme', repo: 'edge', allowLoopbackHttp: true, userAgent: 'x', limits };
      const source = githubReleaseSource({ ...base, ...config });
      cleanup.push(() => source.close());
      return source.listVersions(never());
    };
    expect(await listed({ caPem })).toEqual({ ok: true, value: ['1.2.0'] });
    expect(await listed({})).toMatchObject({ code: 'upgrade_network_error', details: { error: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  });
});

describe('a proxy', () => {
  it('is asked for the way to the source, with its own credentials', async () => {
    const asked: { url: string | undefined; authorization: string | undefined }[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push({ url: request.url, authorization: request.headers['proxy-authorization'] });
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise<void>((resolve) => void proxy.close(() => resolve())));
    const proxyUrl = `http://site:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const source = sourceAt('https://releases.example', { proxyUrl, limits: { maxRetries: 0 } });
    expect(await source.fetchStatement(VERSION, never())).toMatchObject({ code: 'upgrade_network_error' });
    expect(asked).toEqual([{ url: 'releases.example:443', authorization: `Basic ${btoa('site:secret')}` }]);
  });
});

describe('a configuration', () => {
  it.each<[string, Partial<GithubReleaseSourceConfig>]>([
    ['plain http', { apiBaseUrl: 'http://api.github.com' }],
    ['userinfo', { apiBaseUrl: 'https://user@api.github.com' }],
    ['a query', { apiBaseUrl: 'https://api.github.com/?x' }],
    ['an owner with a path', { owner: '../x' }],
    ['a token with a newline', { token: 'a\nx: y' }],
    ['an authority that is no certificate', { caPem: 'x' }],
    ['a proxy that is no address', { proxyUrl: 'proxy' }],
    ['a negative limit', { limits: { deadlineMs: -1 } }],
  ])('with %s is refused when it is read', (_name, config) => {
    const make = (): unknown =>
      githubReleaseSource({
        apiBaseUrl: 'https://api.github.com',
        owner: 'acme',
        repo: 'edge',
        allowLoopbackHttp: true,
        userAgent: 'x',
        ...config,
      });
    expect(make).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});
