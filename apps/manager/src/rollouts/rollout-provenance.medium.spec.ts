/** Every wave installs what the first one did, built from the commit that the tag names. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createGitRepository,
  createTestDatabase,
  startGitServer,
  type GitRepository,
  type GitServer,
  type TestDatabase,
} from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { RolloutScene } from '../testing/rollout-scene.ts';

let folder: string;
let database: TestDatabase;
let publisher: Publisher;
let repository: GitRepository;
let git: GitServer;
let commit: string;
let manager: ManagerUnderTest;
const scenes: RolloutScene[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-provenance-'));
  repository = await createGitRepository(join(folder, 'edge.git'));
  commit = await repository.commit('one');
  git = await startGitServer({ root: folder });
  database = await createTestDatabase();
  publisher = await Publisher.open();
  const remote = { device_type: 'tidegate-edge', url: `${git.url}/edge.git`, allow_loopback_http: true };
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    release_sources: [publisher.source({ trust_anchor_file: publisher.anchorFile })],
    discovery: { remotes: [remote] },
  });
  await manager.signIn();
});
afterEach(() => scenes.splice(0).forEach((scene) => scene.end()));
afterAll(async () => {
  await manager.dispose();
  await publisher.close();
  await git.close();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The list of releases is looked at again after a while. */
async function publish(version: string, how: object = {}): Promise<PublishedRelease> {
  const release = await publisher.publish(version, { revision: commit, ...how });
  manager.clock.advance(6000);
  return release;
}
const group = async (count: number, release: PublishedRelease): Promise<RolloutScene> => {
  const scene = await RolloutScene.open(manager, count, release.manifestSha256);
  scenes.push(scene);
  return scene;
};

describe('the pins of a rollout', () => {
  it('are the digest of the manifest and the commit that its tag names', async () => {
    const release = await publish('1.1.0');
    await repository.tag('v1.1.0', commit);
    const scene = await group(1, release);
    const { body } = await scene.ask({ dry_run: true });
    expect(body.pins).toEqual({
      manifest_sha256: release.manifestSha256,
      source_revision: commit,
      tag_commit: commit,
      provenance: 'verified',
    });
  });

  it.each<[string, string | null, object]>([
    ['a tag that names another commit', 'other', { rule: 'revision_differs' }],
    ['a missing tag', null, { rule: 'tag_missing' }],
  ])('refuse %s', async (what, tagged, details) => {
    const version = tagged === null ? '2.1.0' : '2.0.0';
    const scene = await group(1, await publish(version));
    if (tagged !== null) await repository.tag(`v${version}`, await repository.commit(what));
    const answer = await scene.ask({ version });
    expect(answer.body).toMatchObject({ code: 'upgrade_provenance_mismatch', details });
  });

  it('refuse a statement whose signature does not hold', async () => {
    const release = await publish('2.2.0', { spoil: (out: string) => writeFile(join(out, 'manifest.json'), '{}') });
    await repository.tag('v2.2.0', commit);
    const scene = await group(1, release);
    expect((await scene.ask({ version: '2.2.0' })).body).toMatchObject({
      code: 'upgrade_provenance_mismatch',
      details: { rule: 'statement_missing' },
    });
  });

  it('hold between waves: a release that was published again halts before anybody else is told', async () => {
    const release = await publish('3.0.0');
    await repository.tag('v3.0.0', commit);
    const scene = await group(2, release);
    const { rollout } = await scene.begin({ settle_secs: 3 }, { version: '3.0.0' });
    await scene.untilPhase(rollout.id, 'settling');
    await publisher.publish('3.0.0', { revision: commit, payloadBytes: 10 });
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, scene.told.length]).toEqual(['artefact_changed', 1]);
    // Going on does not help: it is asked again.
    await scene.act(rollout.id, 'resume');
    expect([(await scene.untilPhase(rollout.id, 'paused')).reason, scene.told.length]).toEqual(['artefact_changed', 1]);
  });

  it('hold between waves: a tag that was moved halts, and nobody is promoted past it', async () => {
    const release = await publish('3.1.0');
    await repository.tag('v3.1.0', commit);
    const scene = await group(2, release);
    const { rollout } = await scene.begin({ settle_secs: 20 }, { version: '3.1.0' });
    await scene.untilPhase(rollout.id, 'settling');
    await repository.tag('v3.1.0', await repository.commit('moved'));
    expect((await scene.act(rollout.id, 'promote')).body).toMatchObject({ code: 'upgrade_provenance_mismatch' });
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, scene.told.length]).toEqual(['provenance_mismatch', 1]);
  });

  it('hold between groups: what production gets has settled in the source group', async () => {
    const release = await publish('4.0.0');
    await repository.tag('v4.0.0', commit);
    const [staging, production] = [await group(1, release), await group(1, release)];
    const { rollout } = await production.begin({ source_group: staging.group.id }, { version: '4.0.0' });
    const waits = await production.pass(rollout.id, 3000);
    expect([waits.phase, waits.waits_for, production.told]).toEqual(['scheduled', 'source_group', []]);
    const first = await staging.begin({}, { version: '4.0.0' });
    await staging.untilPhase(first.rollout.id, 'completed');
    await production.untilPhase(rollout.id, 'completed');
  });
});
