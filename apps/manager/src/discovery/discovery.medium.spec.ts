import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiscoveryStatus } from '@tidegate/contract-api';
import {
  createGitRepository,
  createTestDatabase,
  startGitServer,
  type GitRepository,
  type GitServer,
  type TestDatabase,
} from '@tidegate/test-kit';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { createLog, Database, KeyRing, parseConfig, remoteTokenPlace } from '../platform/index.ts';
import { ManagerUnderTest, SECRETS_KEY } from '../testing/manager-under-test.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ConfiguredRemotes } from './configured-remotes.ts';
import { Discovery } from './index.ts';
import { claimCheck, closeCheck, readState } from './persistence/discovery-records.ts';

const EDGE = 'tidegate-edge';
const SECRET = 'ghp_very_secret';
let folder: string;
let repository: GitRepository;
let commits: string[];
let server: GitServer;
let database: TestDatabase;
let source: DataSource;
const managers: ManagerUnderTest[] = [];

const remote = (change: object = {}) => ({ device_type: EDGE, url: `${server.url}/edge.git`, allow_loopback_http: true, ...change });
const discovery = (change: object = {}) => ({ remotes: [remote(change)] });

async function start(overrides: object): Promise<ManagerUnderTest> {
  const manager = await ManagerUnderTest.start({ database_url: database.url, ...overrides });
  managers.push(manager);
  await manager.signIn();
  return manager;
}
const status = async (manager: ManagerUnderTest): Promise<DiscoveryStatus> =>
  (await manager.call('GET', '/api/v1/discovery/status')).body as DiscoveryStatus;
async function until(manager: ManagerUnderTest, holds: (now: DiscoveryStatus) => boolean): Promise<DiscoveryStatus> {
  for (;;) {
    const now = await status(manager);
    if (holds(now)) return now;
  }
}
const check = (manager: ManagerUnderTest) => manager.call('POST', '/api/v1/discovery/check');
/** One more check, begun by us or, when one was due, by itself. */
async function checked(manager: ManagerUnderTest): Promise<DiscoveryStatus> {
  const before = (await status(manager)).checked_at;
  manager.clock.advance(15_000);
  expect([202, 429]).toContain((await check(manager)).status);
  return await until(manager, (now) => !now.checking && now.checked_at !== before);
}
const candidates = async (manager: ManagerUnderTest) => (await manager.call('GET', '/api/v1/discovery/candidates')).body;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-discovery-'));
  repository = await createGitRepository(join(folder, 'edge.git'));
  commits = [await repository.commit('one'), await repository.commit('two')];
  await repository.tag('v1.0.0', commits[0]!);
  await repository.tag('v1.1.0', commits[1]!, 'annotated');
  await repository.tag('v1.1.1-beta.1', commits[1]!);
  await repository.tag('nightly', commits[1]!);
  await writeFile(join(folder, 'token'), `${SECRET}\n`);
  server = await startGitServer({ root: folder });
  database = await createTestDatabase();
  source = await new DataSource({ type: 'postgres', url: database.url, driver: pg, installExtensions: false }).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.stop();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  server.requests.length = 0;
  const known = await source.query<unknown[]>(`SELECT 1 FROM pg_tables WHERE tablename = 'discovery_state'`);
  if (known.length === 0) return;
  await source.query('DELETE FROM discovery_remotes');
  await source.query('UPDATE discovery_state SET revision = 0, started_at = NULL, busy_until = NULL, checked_at = NULL');
});
afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.dispose();
});

describe('discovery', () => {
  it('is not configured without a remote, and says so', async () => {
    const manager = await start({});
    const nothing = { configured: false, checking: false, checked_at: null, next_check_at: null, revision: 0, remotes: [] };
    expect(await status(manager)).toEqual(nothing);
    expect(await candidates(manager)).toEqual({ configured: false, device_types: [] });
    expect(await check(manager)).toMatchObject({ status: 409, body: { code: 'discovery_not_configured' } });
  });

  it('has defaults before its first check, which then comes by itself, and again every half an hour', async () => {
    const manager = await start({ discovery: discovery() });
    expect(await status(manager)).toMatchObject({
      configured: true,
      checked_at: null,
      next_check_at: null,
      remotes: [{ device_type: EDGE, checked_at: null, error_code: null, version_count: 0, newest_version: null }],
    });
    manager.clock.advance(15_000);
    const first = await until(manager, (now) => now.checked_at !== null);
    expect(first.remotes).toMatchObject([{ error_code: null, version_count: 3, newest_version: '1.1.1-beta.1' }]);
    expect(Date.parse(first.next_check_at ?? '') - Date.parse(first.checked_at ?? '')).toBe(1_800_000);
    manager.clock.advance(1_799_000);
    manager.clock.advance(15_000);
    expect((await until(manager, (now) => now.checked_at !== first.checked_at)).revision).toBe(first.revision + 2);
  });

  it('offers tags above the lowest committed version, newest first, with the commit each stands for in the end', async () => {
    const manager = await start({ discovery: discovery() });
    const node = await manager.node(undefined, { committed_version: '1.0.0' });
    await checked(manager);
    expect(await candidates(manager)).toEqual({
      configured: true,
      device_types: [
        {
          device_type: EDGE,
          above: '1.0.0',
          total: 2,
          items: [
            { version: '1.1.1-beta.1', channel: 'beta', tag: 'v1.1.1-beta.1', commit: commits[1], tag_object: null },
            { version: '1.1.0', channel: 'stable', tag: 'v1.1.0', commit: commits[1], tag_object: expect.stringMatching(/^[0-9a-f]{40}$/) },
          ],
        },
      ],
    });
    expect((await manager.call('GET', '/api/v1/discovery/candidates?device_type=other')).body.device_types).toEqual([]);
    node.end();
  });

  it('is asked for by people once per 15 s in the whole installation, and the trail says by whom', async () => {
    const [one, two] = [await start({ discovery: discovery() }), await start({ discovery: discovery() })];
    await checked(one);
    two.clock.advance(one.clock.now().getTime() - two.clock.now().getTime());
    for (const manager of [one, two]) {
      const refused = await check(manager);
      expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
      expect(refused.headers['retry-after']).toBe('15');
    }
    two.clock.advance(15_000);
    expect((await check(two)).status).toBe(202);
    const [newest] = await source.query<unknown[]>(
      `SELECT actor, target_kind FROM audit WHERE action = 'discovery.check' ORDER BY id DESC`,
    );
    expect(newest).toEqual({ actor: 'admin', target_kind: 'installation' });
    await until(two, (now) => !now.checking);
  });

  it('asks each remote once, however many replicas find the check due', async () => {
    const [one, two] = [await start({ discovery: discovery() }), await start({ discovery: discovery() })];
    one.clock.advance(15_000);
    two.clock.advance(15_000);
    await until(one, (now) => now.checked_at !== null);
    expect(server.requests).toHaveLength(2);
  });

  it('keeps what it knew when the remote fails, and says why; of another remote it knows nothing', async () => {
    const manager = await start({ discovery: discovery() });
    const good = await checked(manager);
    await manager.dispose();
    const denied = await startGitServer({ root: folder, credentials: 'x-access-token:other' });
    const { port } = new URL(server.url);
    await server.close();
    const gone = await start({ discovery: discovery() });
    gone.clock.advance(60_000);
    expect((await checked(gone)).remotes).toMatchObject([
      { error_code: 'git_remote_unavailable', version_count: good.remotes[0]?.version_count },
    ]);
    expect((await candidates(gone)).device_types[0].items.length).toBeGreaterThan(0);
    const moved = await start({ discovery: discovery({ url: `${denied.url}/edge.git` }) });
    expect((await status(moved)).remotes).toMatchObject([{ checked_at: null, version_count: 0 }]);
    moved.clock.advance(120_000);
    expect((await checked(moved)).remotes).toMatchObject([{ error_code: 'git_remote_denied', version_count: 0 }]);
    expect((await candidates(moved)).device_types[0].items).toEqual([]);
    await denied.close();
    server = await startGitServer({ root: folder, port: Number(port) });
  });

  it.each(['in its file', 'sealed in the configuration'])('signs in with the token %s and shows it nowhere', async (where) => {
    const guarded = await startGitServer({ root: folder, credentials: `x-access-token:${SECRET}` });
    const ring = await KeyRing.load({ data_dir: folder, secrets: { key: SECRETS_KEY, previous_key_files: [] } });
    const token = where === 'in its file' ? { token_file: join(folder, 'token') } : { token: ring?.seal(SECRET, remoteTokenPlace(EDGE)) };
    const manager = await start({ discovery: discovery({ url: `${guarded.url}/edge.git`, ...token }) });
    const shown = await checked(manager);
    expect(shown.remotes).toMatchObject([{ error_code: null, version_count: 3, url: `${guarded.url}/edge.git` }]);
    await guarded.close();
    manager.clock.advance(15_000);
    const failed = await checked(manager);
    const encoded = Buffer.from(`x-access-token:${SECRET}`).toString('base64');
    for (const text of [JSON.stringify([shown, failed]), manager.logLines.join('')]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(encoded);
    }
    expect(failed.remotes).toMatchObject([{ error_code: 'git_remote_unavailable' }]);
  });

  it('takes no address from a request', async () => {
    const manager = await start({ discovery: discovery() });
    manager.clock.advance(15_000);
    await manager.call('POST', '/api/v1/discovery/check', { url: 'http://169.254.169.254/' });
    await manager.call('GET', '/api/v1/discovery/candidates?url=http://169.254.169.254/');
    await until(manager, (now) => now.checked_at !== null && !now.checking);
    expect(server.requests.every((request) => request.includes('/edge.git/'))).toBe(true);
  });
});

describe('the row of discovery', () => {
  it('lets one of two who read the same revision begin, and nobody store what a check found that was taken over', async () => {
    await start({ discovery: discovery() });
    const [now, later] = [new Date(), new Date(Date.now() + 60_000)];
    const { revision } = await readState(source.manager);
    const claims = await Promise.all([claimCheck(source.manager, revision, now, later), claimCheck(source.manager, revision, now, later)]);
    expect(claims.toSorted()).toEqual([revision + 1, null]);
    expect(await claimCheck(source.manager, revision + 1, now, later)).toBe(revision + 2);
    expect(await closeCheck(source.manager, revision + 1, now)).toBe(false);
    expect(await closeCheck(source.manager, revision + 2, now)).toBe(true);
  });
});

describe('the commit of a version', () => {
  async function open(change: object = {}): Promise<Discovery> {
    const log = createLog('silent');
    const file = { listen: { port: 0 }, data_dir: folder, admin: { password_file: '/nowhere' }, discovery: discovery(change) };
    const config = parseConfig(file);
    const database = new Database(log);
    database.attach(source, () => {});
    database.open = true;
    return new Discovery(new ConfiguredRemotes(config, { open: () => '' }), database, new ManualClock(), config, log);
  }

  it('is asked for when it is needed: a tag made or moved since the last check counts', async () => {
    const found = await open();
    expect(await found.commitOf(EDGE, '1.1.0')).toEqual({ commit: commits[1] });
    expect(await found.commitOf(EDGE, '7.0.0')).toBe('missing');
    await repository.tag('v7.0.0', commits[0]!);
    expect(await found.commitOf(EDGE, '7.0.0')).toEqual({ commit: commits[0] });
    await repository.tag('v7.0.0', commits[1]!);
    expect(await found.commitOf(EDGE, '7.0.0')).toEqual({ commit: commits[1] });
    await repository.git('tag', '--delete', 'v7.0.0');
    expect(await found.commitOf('gateway', '1.1.0')).toBe('not_configured');
  });

  it('is what was stored when the remote does not answer, and missing when nothing was', async () => {
    const manager = await start({ discovery: discovery() });
    await checked(manager);
    const { port } = new URL(server.url);
    await server.close();
    const found = await open();
    expect(await found.commitOf(EDGE, '1.1.0')).toEqual({ commit: commits[1] });
    expect(await found.commitOf(EDGE, '9.9.9')).toBe('missing');
    expect(await (await open({ tag_pattern: 'release-{version}' })).commitOf(EDGE, '1.1.0')).toBe('missing');
    server = await startGitServer({ root: folder, port: Number(port) });
  });
});
