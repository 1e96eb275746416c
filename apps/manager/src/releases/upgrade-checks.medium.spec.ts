import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UpgradeCheck } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { facts, newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';
import { refuseMissingEnvironment } from './index.ts';

const SECRET_DEFAULT = 'hunter2-default';
let database: TestDatabase;
let publisher: Publisher;
let manager: ManagerUnderTest;
let first: PublishedRelease;
let second: PublishedRelease;
const nodes: ScriptedNode[] = [];

const variable = (name: string, change: object = {}) => ({ name, description: `${name} of the spec`, ...change });
async function node(beat: object = {}, host: object = {}): Promise<string> {
  const { node: scripted, hello } = await manager.greet(newIdentity());
  const id = await scripted.enrol(await manager.token(), { facts: { ...facts('edge-a'), ...host } });
  await scripted.authenticate(hello);
  await scripted.beat({ manifest_sha256: first.manifestSha256, ...beat });
  nodes.push(scripted);
  return id;
}
const check = async (id: string, body: object = {}): Promise<UpgradeCheck> =>
  (await manager.call('POST', `/api/v1/nodes/${id}/upgrade-check`, body)).body as UpgradeCheck;

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  first = await publisher.publish('1.0.0', {
    manifest: { config: { env: [variable('OLD'), variable('PORT', { default: '80' })], posture: {} } },
  });
  second = await publisher.publish('1.1.0', {
    manifest: {
      config: {
        env: [variable('PORT', { required: true }), variable('TOKEN', { secret: true, required: true, default: SECRET_DEFAULT })],
        posture: { selinux: 'enforcing', swap: false },
      },
    },
  });
  await publisher.publish('1.2.0-beta.1');
  await publisher.publish('1.0.5', { manifest: { arch: 'arm64', engines: { agent: '1.0.1', guard: '2.0.0' } } });
  await publisher.publish('1.0.6', { spoil: (folder) => appendFile(join(folder, 'manifest.json'), ' ') });
  await publisher.publish('1.0.7', {
    spoil: async (folder) => {
      // True, and signed, and of another version: what a source that mixes releases would serve.
      for (const file of ['manifest.json', 'manifest.sig.bundle']) {
        await writeFile(join(folder, file), await readFile(join(folder, `../1.1.0/${file}`)));
      }
    },
  });
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    release_sources: [publisher.source({ trust_anchor_file: publisher.anchorFile })],
  });
  await manager.signIn();
});
afterEach(() => nodes.splice(0).forEach((scripted) => scripted.end()));
afterAll(async () => {
  await manager.dispose();
  await publisher.close();
  await database.stop();
});

describe('the upgrade check of a node', () => {
  it('finds the newest of the channel, verifies its statement and tells what changes', async () => {
    const id = await node({}, { env_names: ['PATH', 'OLD'], posture: { selinux: 'permissive', swap: false } });
    expect(await check(id)).toEqual({
      node_id: id,
      outcome: 'upgrade-available',
      reason: 'newer',
      device_type: 'tidegate-edge',
      running_version: '1.0.0',
      version: '1.1.0',
      channel: 'stable',
      statement: {
        manifest_sha256: second.manifestSha256,
        verification: 'verified',
        error_code: null,
        source_revision: expect.stringMatching(/^[0-9a-f]{40}$/),
      },
      environment: {
        added: [{ name: 'TOKEN', description: 'TOKEN of the spec', required: true, secret: true, present: false, default: null }],
        removed: ['OLD'],
        newly_required: ['PORT', 'TOKEN'],
        missing: ['PORT', 'TOKEN'],
      },
      posture: [{ name: 'selinux', wanted: 'enforcing', reported: 'permissive' }],
      expected_refusals: ['upgrade_env_missing'],
      checked_at: manager.clock.now().toISOString(),
    });
  });

  it('never lets the default of a secret out, neither in answers nor in logs', async () => {
    const id = await node();
    const bodies = [await check(id), (await manager.call('POST', '/api/v1/upgrade-checks', { node_ids: [id] })).body];
    expect(JSON.stringify(bodies)).toContain('TOKEN');
    expect(JSON.stringify(bodies) + manager.logLines.join('')).not.toContain(SECRET_DEFAULT);
  });

  it.each<[string, object, object, Partial<UpgradeCheck>]>([
    ['the version it runs', { version: '1.0.0' }, {}, { outcome: 'up-to-date', reason: 'same_version' }],
    ['an older one by its number', { version: '1.0.0' }, { software_version: '1.1.0' }, { outcome: 'upgrade-available', reason: 'older' }],
    ['a channel', { channel: 'beta' }, {}, { outcome: 'upgrade-available', reason: 'newer', version: '1.2.0-beta.1' }],
    ['a channel it is ahead of', {}, { software_version: '2.0.0' }, { outcome: 'up-to-date', reason: 'running_newer', version: '1.1.0' }],
    ['a channel without releases', { channel: 'nightly' }, {}, { outcome: 'product-not-found', reason: 'channel_empty', version: null }],
    [
      'a version that is in another channel',
      { version: '1.2.0-beta.1' },
      {},
      { outcome: 'product-not-found', reason: 'version_in_other_channel' },
    ],
    ['a version nobody has', { version: '9.9.9' }, {}, { outcome: 'product-not-found', reason: 'version_not_listed' }],
    ['anything, of a version that is none', {}, { software_version: 'dev' }, { outcome: 'unknown', reason: 'version_not_comparable' }],
  ])('is relative to what is asked for: %s', async (_what, body, beat, expected) => {
    expect(await check(await node(beat), body)).toMatchObject(expected);
  });

  it('is unknown of a node that has never reported', async () => {
    const { node: scripted } = await manager.greet();
    const id = await scripted.enrol(await manager.token());
    scripted.end();
    expect(await check(id)).toMatchObject({ outcome: 'unknown', reason: 'node_never_reported', running_version: null });
  });

  it('is not-release-sourced of a device type without a source', async () => {
    const { node: scripted, hello } = await manager.greet();
    const id = await scripted.enrol(await manager.token({ device_type: 'gateway' }), { device_type: 'gateway' });
    await scripted.authenticate(hello);
    await scripted.beat();
    scripted.end();
    expect(await check(id)).toMatchObject({ outcome: 'not-release-sourced', reason: 'no_source', statement: null });
  });

  it('says what the node would refuse, as far as its report tells', async () => {
    const id = await node({ version_floor: '1.0.9', capabilities: [], guard_version: '1.0.0' });
    expect((await check(id, { version: '1.0.5' })).expected_refusals).toEqual([
      'upgrade_not_supported',
      'upgrade_version_too_old',
      'upgrade_engine_too_old',
      'upgrade_arch_mismatch',
    ]);
  });

  it.each([
    ['1.0.6', 'upgrade_signature_invalid'],
    ['1.0.7', 'upgrade_manifest_invalid'],
  ])('believes nothing of a statement that does not verify (%s)', async (version, code) => {
    expect(await check(await node(), { version })).toMatchObject({
      outcome: 'upgrade-available',
      statement: { verification: 'refused', error_code: code, source_revision: null },
      environment: null,
      posture: null,
      expected_refusals: [code],
    });
  });

  it('takes the names on the node for what runs, when the node attests another statement of that version', async () => {
    const id = await node({ manifest_sha256: 'f'.repeat(64) }, { env_names: ['PORT'] });
    expect((await check(id)).environment).toMatchObject({ removed: null, added: [{ name: 'TOKEN' }], missing: ['TOKEN'] });
  });

  it.each([
    [{ version: 'v1.0.0' }, 'version: invalid_format'],
    [{ version: '1.0.0+build' }, 'version: invalid_format'],
    [{ channel: 'Stable' }, 'channel: invalid_format'],
    [{ url: 'http://169.254.169.254/' }, 'url: unrecognized_keys'],
  ])('refuses a body that is not its own: %j', async (body, problem) => {
    const answer = await manager.call('POST', `/api/v1/nodes/${await node()}/upgrade-check`, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
    expect(answer.body.fields.map(({ path, rule }: { path: string; rule: string }) => `${path}: ${rule}`)).toEqual([problem]);
  });

  it('is the same for a foreign node as for none', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    expect(await manager.call('POST', `/api/v1/nodes/${none}/upgrade-check`, {})).toMatchObject({
      status: 404,
      body: { code: 'node_not_found' },
    });
    expect((await manager.call('POST', '/api/v1/nodes/1/upgrade-check', {})).status).toBe(404);
  });

  it('stops an upgrade for a variable that the node lacks, and no other', async () => {
    const lacking = await check(await node());
    expect(() => refuseMissingEnvironment(lacking)).toThrow(
      expect.objectContaining({ code: 'upgrade_env_missing', details: { names: ['PORT', 'TOKEN'] } }),
    );
    const complete = await check(await node({}, { env_names: ['PORT', 'TOKEN'] }));
    expect(() => refuseMissingEnvironment(complete)).not.toThrow();
  });
});

describe('checks in bulk', () => {
  const bulk = async (body: object) => (await manager.call('POST', '/api/v1/upgrade-checks', body)).body;

  it('answer every node in the order they were named, whatever becomes of one of them', async () => {
    const ids = [await node(), await node({ software_version: '1.1.0' }), await node({ software_version: 'dev' })];
    const none = '00000000-0000-4000-8000-000000000000';
    const { items, next_cursor: next } = await bulk({ node_ids: [none, ...ids, ids[0]] });
    expect(items.map((one: UpgradeCheck) => [one.node_id, one.reason])).toEqual([
      [none, 'node_not_found'],
      [ids[0], 'newer'],
      [ids[1], 'same_version'],
      [ids[2], 'version_not_comparable'],
    ]);
    expect(next).toBeNull();
  });

  it('select nodes by what they have in common, page by page, each once', async () => {
    const ids = [
      await node({ software_version: '1.0.1' }),
      await node({ software_version: '1.0.1' }),
      await node({ software_version: '1.0.1' }),
    ];
    const filter = { group: 'default', device_type: 'tidegate-edge', running_version: '1.0.1' };
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await bulk({ filter, limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map((one: UpgradeCheck) => one.node_id));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor as string;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect((await bulk({ filter: { ...filter, group: 'elsewhere' } })).items).toEqual([]);
  });

  it.each([
    {},
    { node_ids: [], filter: {} },
    { node_ids: ['1'] },
    { filter: {}, limit: 501 },
    { filter: { group: 'a\nb' } },
    { filter: {}, cursor: 'no' },
  ])('refuse %j', async (body) => {
    expect(await manager.call('POST', '/api/v1/upgrade-checks', body)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });
});

describe('without a trust anchor, or without a source', () => {
  it('a statement is told, and told to be unverified', async () => {
    const other = await ManagerUnderTest.start({ database_url: database.url, release_sources: [publisher.source()] });
    await other.signIn();
    const id = await node();
    const answer = await other.call('POST', `/api/v1/nodes/${id}/upgrade-check`, { version: '1.1.0' });
    expect(answer.body.statement).toMatchObject({ verification: 'unverified', manifest_sha256: second.manifestSha256 });
    await other.dispose();
  });

  it('a manager whose trust anchor cannot be read does not start', async () => {
    const file = join('/tmp', `no-anchor-${process.pid}.json`);
    const starting = ManagerUnderTest.start({
      database_url: database.url,
      release_sources: [publisher.source({ trust_anchor_file: file })],
    });
    await expect(starting).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('a check is unknown while the source is away, and has the reason', async () => {
    const away = await Publisher.open();
    const source = away.source();
    await away.close();
    const other = await ManagerUnderTest.start({ database_url: database.url, release_sources: [source] });
    await other.signIn();
    const answer = await other.call('POST', `/api/v1/nodes/${await node()}/upgrade-check`, { version: '1.1.0' });
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'unknown', reason: 'source_unavailable', statement: null } });
    await other.dispose();
  });
});
