import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startFaultyReleaseServer, startReleaseServer, type ReleaseServer, type ReleaseServerOptions } from './index.ts';

interface Release {
  tag_name: string;
  assets: { id: number; name: string; url: string; browser_download_url: string; size: number }[];
}
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T;

let root: string;
let servers: ReleaseServer[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'release-server-'));
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(root, { recursive: true, force: true });
});

async function start(options: Partial<ReleaseServerOptions> = {}): Promise<ReleaseServer> {
  const server = await startReleaseServer({ dataDir: join(root, 'data'), ...options });
  servers.push(server);
  return server;
}
async function releaseFolder(version: string, artefact = 'ARTEFACT BYTES'): Promise<string> {
  const folder = join(root, `folder-${version}`);
  await mkdir(folder);
  const minor = version.split('.')[1];
  await writeFile(
    join(folder, 'manifest.json'),
    JSON.stringify({
      version,
      channel: 'stable',
      released_at: `2026-01-0${minor}T00:00:00Z`,
      source: { repository: 'https://github.com/acme/edge', revision: 'a'.repeat(40) },
    }),
  );
  await writeFile(join(folder, 'edge.tar.gz'), artefact);
  return folder;
}
const assetOf = async (server: ReleaseServer, tag: string, name: string, headers: Record<string, string> = {}) => {
  const release = await json<Release>(await fetch(`${server.url}/repos/acme/edge/releases/tags/${tag}`, { headers }));
  return release.assets.find((asset) => asset.name === name)!;
};
const octets = { accept: 'application/octet-stream' };

describe('release listing', () => {
  it('shows a release as soon as it is published, and again after a restart', async () => {
    const server = await start();
    expect((await fetch(`${server.url}/repos/acme/edge/releases`)).status).toBe(404);
    expect(await server.publish(await releaseFolder('1.1.0'))).toEqual({ owner: 'acme', repo: 'edge', tag: 'v1.1.0' });
    const before = await json<Release[]>(await fetch(`${server.url}/repos/acme/edge/releases`));
    expect(before.map((release) => release.tag_name)).toEqual(['v1.1.0']);
    const again = await json<Release[]>(await fetch(`${(await start()).url}/repos/acme/edge/releases`));
    expect(again[0]?.assets.map(({ id, name }) => [id, name])).toEqual(before[0]?.assets.map(({ id, name }) => [id, name]));
  });

  it('is cut into pages, newest first, linked by the Link header', async () => {
    const server = await start();
    for (const version of ['1.1.0', '1.3.0', '1.2.0']) await server.publish(await releaseFolder(version));
    const seen: string[] = [];
    let next: string | undefined = `${server.url}/repos/acme/edge/releases?per_page=1`;
    while (next) {
      const response: Response = await fetch(next);
      seen.push(...(await json<Release[]>(response)).map((release) => release.tag_name));
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['v1.3.0', 'v1.2.0', 'v1.1.0']);
  });

  it('answers 304 to the ETag it gave, until something is published', async () => {
    const server = await start();
    await server.publish(await releaseFolder('1.1.0'));
    const url = `${server.url}/repos/acme/edge/releases`;
    const etag = (await fetch(url)).headers.get('etag')!;
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    await server.publish(await releaseFolder('1.2.0'));
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('hides drafts, and pre-releases from latest', async () => {
    const server = await start();
    await server.publish(await releaseFolder('1.1.0'));
    await server.publish(await releaseFolder('1.2.0'), { note: { prerelease: true } });
    await server.publish(await releaseFolder('1.3.0'), { note: { draft: true } });
    const list = await json<Release[]>(await fetch(`${server.url}/repos/acme/edge/releases`));
    expect(list.map((release) => release.tag_name)).toEqual(['v1.2.0', 'v1.1.0']);
    expect((await json<Release>(await fetch(`${server.url}/repos/acme/edge/releases/latest`))).tag_name).toBe('v1.1.0');
    expect((await fetch(`${server.url}/repos/acme/edge/releases/tags/v1.3.0`)).status).toBe(404);
  });

  it('refuses with 403 above the hourly limit and counts afresh an hour later', async () => {
    let now = 1_000_000;
    const server = await start({ requestsPerHour: 2, now: () => now });
    await server.publish(await releaseFolder('1.1.0'));
    const url = `${server.url}/repos/acme/edge/releases`;
    expect((await fetch(url)).headers.get('x-ratelimit-remaining')).toBe('1');
    await fetch(url);
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('x-ratelimit-remaining')]).toEqual([403, '0']);
    now += 3_600_000;
    expect((await fetch(url)).status).toBe(200);
  });

  it.each([
    '/repos/acme/../../etc/passwd',
    '/repos/acme/%2e%2e/releases',
    '/repos/acme/edge/releases/tags/..%2f..',
    '/acme/edge/releases/download/v1.1.0/..%2frelease.json',
    '/',
  ])('does not leave its folder for %s', async (path) => {
    const server = await start();
    await server.publish(await releaseFolder('1.1.0'));
    expect((await fetch(`${server.url}${path}`)).status).toBe(404);
  });
});

describe('asset download', () => {
  it('goes through a redirect to another origin, from both kinds of address', async () => {
    const server = await start();
    await server.publish(await releaseFolder('1.1.0'));
    const asset = await assetOf(server, 'v1.1.0', 'edge.tar.gz');
    for (const [url, headers] of [
      [asset.url, octets],
      [asset.browser_download_url, {}],
    ] as const) {
      const hop = await fetch(url, { headers, redirect: 'manual' });
      expect(hop.status).toBe(302);
      expect(new URL(hop.headers.get('location')!).origin).toBe(server.downloadUrl);
      expect(await (await fetch(url, { headers })).text()).toBe('ARTEFACT BYTES');
    }
    expect(await json(await fetch(asset.url))).toMatchObject({ name: 'edge.tar.gz', size: 14, state: 'uploaded' });
  });

  it('serves ranges, and the whole when If-Range no longer holds', async () => {
    const server = await start();
    await server.publish(await releaseFolder('1.1.0'));
    const { url } = await assetOf(server, 'v1.1.0', 'edge.tar.gz');
    const etag = (await fetch(url, { headers: octets })).headers.get('etag')!;
    const part = await fetch(url, { headers: { ...octets, range: 'bytes=9-', 'if-range': etag } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 9-13/14', 'BYTES']);
    const stale = await fetch(url, { headers: { ...octets, range: 'bytes=9-', 'if-range': '"other"' } });
    expect([stale.status, await stale.text()]).toEqual([200, 'ARTEFACT BYTES']);
    const beyond = await fetch(url, { headers: { ...octets, range: 'bytes=14-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */14']);
    expect(await (await fetch(url, { headers: { ...octets, range: 'bytes=-5' } })).text()).toBe('BYTES');
  });

  it('refuses forged and expired links, and a token on the download host', async () => {
    let now = 1_000_000;
    const server = await start({ now: () => now });
    await server.publish(await releaseFolder('1.1.0'));
    const { url } = await assetOf(server, 'v1.1.0', 'edge.tar.gz');
    const link = (await fetch(url, { headers: octets, redirect: 'manual' })).headers.get('location')!;
    expect((await fetch(link, { headers: { authorization: 'Bearer x' } })).status).toBe(400);
    expect((await fetch(link.replace('edge.tar.gz', 'manifest.json'))).status).toBe(403);
    now += 6 * 60_000;
    expect((await fetch(link)).status).toBe(403);
  });

  it('shows private repositories to the token only', async () => {
    const server = await start({ token: 'right' });
    await server.publish(await releaseFolder('1.1.0'));
    const url = `${server.url}/repos/acme/edge/releases`;
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    const headers = { authorization: 'Bearer right' };
    expect((await fetch(url, { headers })).status).toBe(200);
    const asset = await assetOf(server, 'v1.1.0', 'edge.tar.gz', headers);
    expect(await (await fetch(asset.url, { headers: { ...headers, ...octets } })).text()).toBe('ARTEFACT BYTES');
  });

  it('is cut where the bad line cuts it, once', async () => {
    const server = await startFaultyReleaseServer({ dataDir: join(root, 'data') });
    servers.push(server);
    await server.publish(await releaseFolder('1.1.0', 'x'.repeat(500_000)));
    const { url } = await assetOf(server, 'v1.1.0', 'edge.tar.gz');
    server.faults.cutAfterBytes.push(200_000);
    const download = async () => (await (await fetch(url, { headers: { ...octets, connection: 'close' } })).text()).length;
    await expect(download()).rejects.toThrow();
    expect(await download()).toBe(500_000);
  });
});

describe('as its own process', () => {
  it('prints one line when it listens, serves, and ends on SIGTERM', async () => {
    await (await start()).publish(await releaseFolder('1.1.0'));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--data-dir', join(root, 'data')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      const line = await new Promise<string>((resolve, reject) => {
        child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()));
        child.once('exit', () => reject(new Error('ended early')));
      });
      const { listening } = JSON.parse(line) as { listening: string };
      expect((await fetch(`${listening}/repos/acme/edge/releases/tags/v1.1.0`)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exit).toBe(0);
  });
});
