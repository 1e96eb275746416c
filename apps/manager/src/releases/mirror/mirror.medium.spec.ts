import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { githubReleaseSource, type GithubReleaseSource } from '@tidegate/adapter-release-source';
import { createManifestVerifier } from '@tidegate/adapter-sigstore';
import { deviceType, releaseVersion, type Manifest } from '@tidegate/contract-manifest';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../../testing/publisher.ts';

const PAYLOAD_BYTES = 5 * 1024 * 1024;
const REPO = '/mirror/tidegate-edge/repos/tidegate/tidegate-edge/releases';
const undo: (() => Promise<unknown>)[] = [];
const never = (): AbortSignal => new AbortController().signal;
let database: TestDatabase;
let publisher: Publisher;
let release: PublishedRelease;
let dataDir: string;

async function start(mirror: object = {}, source: object = {}): Promise<ManagerUnderTest> {
  const manager = await ManagerUnderTest.start({
    database_url: database.url,
    data_dir: dataDir,
    release_sources: [publisher.source({ trust_anchor_file: publisher.anchorFile, ...source })],
    mirror: { enabled: true, ...mirror },
  });
  undo.push(() => manager.dispose());
  return manager;
}
/** What a node without internet access has as its one mirror. */
function edgeSource(manager: ManagerUnderTest, token?: string): GithubReleaseSource {
  const source = githubReleaseSource({
    apiBaseUrl: `http://127.0.0.1:${manager.port}/mirror/tidegate-edge`,
    owner: 'tidegate',
    repo: 'tidegate-edge',
    allowLoopbackHttp: true,
    userAgent: 'edge',
    limits: { maxRetries: 3, firstBackoffMs: 1, maxBackoffMs: 1 },
    ...(token !== undefined && { token }),
  });
  undo.push(() => source.close());
  return source;
}
async function artefactOf(source: GithubReleaseSource, version: string, offset = 0): Promise<{ manifest: Manifest; bytes: Buffer }> {
  const statement = await source.fetchStatement(releaseVersion.parse(version), never());
  if (!statement.ok) throw new Error(statement.code);
  const anchor = JSON.parse(await readFile(publisher.anchorFile, 'utf8'));
  const verifier = createManifestVerifier({ anchor, deviceType: deviceType.parse('tidegate-edge') });
  const verified = await verifier.verify(statement.value.manifestBytes, statement.value.bundleBytes);
  if (!verified.ok) throw new Error(verified.code);
  const { manifest } = verified.value;
  const opened = await source.openArtefact(manifest.version, manifest.artefacts[0]!, offset, never());
  if (!opened.ok) throw new Error(opened.code);
  const pieces: Uint8Array[] = [];
  for await (const piece of opened.value) pieces.push(piece);
  return { manifest, bytes: Buffer.concat(pieces) };
}
const blobs = async (): Promise<string[]> => (await readdir(join(dataDir, 'mirror'))).toSorted();
/** The last byte is sent a moment before the file has its name. */
async function whenWhole(): Promise<string[]> {
  for (;;) {
    const names = await blobs();
    if (names.length > 0 && names.every((name) => !name.endsWith('.partial'))) return names;
  }
}
const describeTag = async (manager: ManagerUnderTest, tag: string, headers = {}) =>
  await manager.call('GET', `${REPO}/tags/${tag}`, undefined, headers);
async function artefactPath(manager: ManagerUnderTest, version = '1.0.0'): Promise<string> {
  const { body } = await describeTag(manager, `v${version}`);
  return `${REPO}/assets/${body.assets.at(-1).id}`;
}

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  release = await publisher.publish('1.0.0', { payloadBytes: PAYLOAD_BYTES });
  await publisher.publish('1.1.0', { spoil: (folder) => spoilArtefact(folder) });
  await publisher.publish('1.2.0', { spoil: async (folder) => writeFile(join(folder, 'manifest.sig.bundle'), '{}') });
});
async function spoilArtefact(folder: string): Promise<void> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.tar.gz')) ?? '';
  const bytes = await readFile(join(folder, name));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(join(folder, name), bytes);
}
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-mirror-'));
  publisher.server.faults.cutAfterBytes.length = 0;
  publisher.server.faults.bytesPerSec = null;
});
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
  await rm(dataDir, { recursive: true, force: true });
});
afterAll(async () => {
  await publisher.close();
  await database.stop();
});

describe('a node that has only its manager', () => {
  it('lists, verifies and fetches a release from it, whole and from the middle', async () => {
    const source = edgeSource(await start());
    const listed = await source.listVersions(never());
    expect(listed).toEqual({ ok: true, value: ['1.2.0', '1.1.0', '1.0.0'] });
    const { manifest, bytes } = await artefactOf(source, '1.0.0');
    expect(manifest.version).toBe('1.0.0');
    expect(bytes.equals(release.artefactBytes)).toBe(true);
    const rest = await artefactOf(source, '1.0.0', 1_234_567);
    expect(rest.bytes.equals(release.artefactBytes.subarray(1_234_567))).toBe(true);
    expect((await blobs()).length).toBe(3);
  });

  it('gets it although the line to the source breaks, and the mirror goes on where it broke', async () => {
    publisher.server.faults.cutAfterBytes.push(9_000, 3_000_000, 1_000_000);
    const { bytes } = await artefactOf(edgeSource(await start()), '1.0.0');
    expect(bytes.equals(release.artefactBytes)).toBe(true);
  });

  it('gets it from the disk, and from any replica’s, when the source has gone', async () => {
    const gone = await Publisher.open();
    const published = await gone.publish('3.0.0', { payloadBytes: 100_000 });
    const own = { ...gone.source({ trust_anchor_file: gone.anchorFile }) };
    const manager = await start({}, own);
    const path = await artefactPath(manager, '3.0.0');
    expect((await manager.call('GET', path)).status).toBe(200);
    await gone.server.close();
    await manager.dispose();
    const again = await start({}, own);
    // Nothing is known in this process; ids and files are.
    expect((await describeTag(again, 'v3.0.0')).body.assets).toHaveLength(3);
    const opened = await edgeSource(again).openArtefact(
      releaseVersion.parse('3.0.0'),
      { name: published.artefactName, size: published.artefactBytes.length } as never,
      0,
      never(),
    );
    expect(opened.ok).toBe(true);
    const pieces: Uint8Array[] = [];
    if (opened.ok) for await (const piece of opened.value) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(published.artefactBytes)).toBe(true);
    await gone.close().catch(() => undefined);
  });

  it('shares one fetch with all others who ask at the same time', async () => {
    const manager = await start();
    await describeTag(manager, 'v1.0.0');
    const before = publisher.server.faults.connections;
    const all = await Promise.all(Array.from({ length: 8 }, () => artefactOf(edgeSource(manager), '1.0.0')));
    expect(all.every(({ bytes }) => bytes.equals(release.artefactBytes))).toBe(true);
    // One connection for the statement, and one for the artefact.
    const path = await artefactPath(manager);
    const settled = publisher.server.faults.connections;
    expect((await manager.call('HEAD', path)).headers['content-length']).toBe(String(release.artefactBytes.length));
    expect(publisher.server.faults.connections).toBe(settled);
    expect(settled - before).toBe(2);
  });
});

describe('what is not served', () => {
  it.each([
    ['v1.2.0', 502, 'mirror_release_unverified', 'a release whose signature does not hold'],
    ['v9.9.9', 404, 'mirror_release_missing', 'a release there is not'],
    ['1.0.0', 404, 'mirror_release_missing', 'a tag without its v'],
    ['v..%2f..', 404, 'mirror_release_missing', 'a tag that climbs'],
  ])('%s: %s %s (%s)', async (tag, status, code) => {
    expect(await describeTag(await start(), tag)).toMatchObject({ status, body: { code } });
  });

  it('is an artefact that differs from its signed digest, not one byte of the chunk that differs, nor is it kept', async () => {
    const manager = await start();
    const path = await artefactPath(manager, '1.1.0');
    expect(await manager.call('GET', path)).toMatchObject({ status: 502, body: { code: 'mirror_release_unverified' } });
    expect((await blobs()).filter((name) => !name.endsWith('.partial'))).toEqual([]);
    // Removed after the answer.
    while ((await blobs()).length > 0) await new Promise((settle) => setImmediate(settle));
  });

  it.each([
    `/mirror/gateway/repos/tidegate/tidegate-edge/releases/tags/v1.0.0`,
    `/mirror/tidegate-edge/repos/other/tidegate-edge/releases/tags/v1.0.0`,
    `/mirror/tidegate-edge/repos/tidegate/other/releases`,
    `/mirror/..%2f..%2fetc/repos/tidegate/tidegate-edge/releases/tags/v1.0.0`,
    `${REPO}/assets/..%2f..%2fpassword`,
    `${REPO}/assets/0`,
    `${REPO}/assets/999999999999999`,
    `${REPO}/assets/1e3`,
  ])('is anything beside it: %s', async (path) => {
    expect((await (await start()).call('GET', path)).status).toBe(404);
  });

  it('is anything at all where the mirror is off, or where nothing can be verified', async () => {
    const off = await start({ enabled: false });
    expect(await describeTag(off, 'v1.0.0')).toMatchObject({ status: 404, body: { code: 'mirror_release_missing' } });
    const blind = await start({}, { trust_anchor_file: undefined });
    expect(await describeTag(blind, 'v1.0.0')).toMatchObject({ status: 404, body: { code: 'mirror_release_missing' } });
  });

  it('is more than the disk may hold, and what was used last stays', async () => {
    const manager = await start({ max_bytes: 1024 * 1024 });
    const path = await artefactPath(manager);
    expect(await manager.call('GET', path)).toMatchObject({ status: 507, body: { code: 'mirror_full' } });
    await publisher.publish('1.3.0', { payloadBytes: 600_000 });
    await publisher.publish('1.4.0', { payloadBytes: 600_000 });
    manager.clock.advance(300_000);
    const [three, four] = [await artefactPath(manager, '1.3.0'), await artefactPath(manager, '1.4.0')];
    const stored: string[][] = [];
    for (const one of [three, four]) {
      expect((await manager.call('GET', one)).status).toBe(200);
      stored.push(await whenWhole());
    }
    expect(stored.map((names) => names.length)).toEqual([1, 1]);
    expect(stored[0]).not.toEqual(stored[1]);
  });
});

describe('the mirror’s answers', () => {
  it('know ranges and ETags', async () => {
    const manager = await start();
    const path = await artefactPath(manager);
    const whole = await manager.call('HEAD', path);
    const etag = String(whole.headers.etag);
    expect(whole).toMatchObject({ status: 200, headers: { 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' } });
    const size = release.artefactBytes.length;
    const ask = async (headers: Record<string, string>) => await manager.call('GET', path, undefined, headers);
    expect(await ask({ range: 'bytes=10-19' })).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes 10-19/${size}`, 'content-length': '10' },
    });
    expect((await ask({ range: `bytes=${size}-` })).headers['content-range']).toBe(`bytes */${size}`);
    expect((await ask({ 'if-none-match': etag })).status).toBe(304);
    expect((await ask({ range: 'bytes=0-0', 'if-range': '"other"' })).status).toBe(200);
    expect((await ask({ range: 'bytes=0-0', 'if-range': etag })).status).toBe(206);
  });

  it('need the token where there is one, which is the node’s to send and nobody’s to read', async () => {
    const file = join(dataDir, 'mirror-token');
    await writeFile(file, 'fleet-secret\n');
    const manager = await start({ token_file: file });
    for (const headers of [{}, { authorization: 'Bearer other' }, { authorization: 'Bearer ' }, { authorization: 'Basic fleet-secret' }]) {
      expect(await describeTag(manager, 'v1.0.0', headers)).toMatchObject({ status: 401, body: { code: 'mirror_token_invalid' } });
    }
    expect((await artefactOf(edgeSource(manager, 'fleet-secret'), '1.0.0')).bytes.equals(release.artefactBytes)).toBe(true);
    expect(manager.logLines.join('')).not.toContain('fleet-secret');
    await writeFile(file, '\n');
    expect((await describeTag(manager, 'v1.0.0', { authorization: 'Bearer ' })).status).toBe(401);
  });

  it('are not given without one for a private source: such a manager does not start', async () => {
    const file = join(dataDir, 'source-token');
    await writeFile(file, 'secret\n');
    await expect(start({}, { token_file: file })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('are so many at a time and no more; who reads nothing does not keep others from theirs for ever', async () => {
    const manager = await start({ max_downloads: 1 });
    const path = await artefactPath(manager);
    const silent = connect(manager.port, '127.0.0.1');
    silent.on('error', () => undefined);
    const head = new Promise((resolve) => silent.once('data', resolve));
    silent.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${manager.port}\r\n\r\n`);
    await head;
    silent.pause();
    const refused = await manager.call('GET', path);
    expect(refused).toMatchObject({ status: 503, body: { code: 'manager_unavailable' } });
    // With it the edge would take this for a limit that lasts, and not try again.
    expect(refused.headers['retry-after']).toBeUndefined();
    silent.destroy();
    for (;;) if ((await manager.call('GET', path, undefined, { range: 'bytes=0-0' })).status === 206) break;
  });
});
