/** Sending nodes back: a wave, a whole rollout, or what a halt does by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { RolloutScene } from '../testing/rollout-scene.ts';
import { auditOf } from '../testing/sql.ts';

let database: TestDatabase;
let publisher: Publisher;
let manager: ManagerUnderTest;
let release: PublishedRelease;
const scenes: RolloutScene[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  release = await publisher.publish('1.1.0');
  manager = await ManagerUnderTest.start({ database_url: database.url, release_sources: [publisher.source()] });
  await manager.signIn();
});
afterEach(() => scenes.splice(0).forEach((scene) => scene.end()));
afterAll(async () => {
  await manager.dispose();
  await publisher.close();
  await database.stop();
});

const group = async (count: number): Promise<RolloutScene> => {
  const scene = await RolloutScene.open(manager, count, release.manifestSha256);
  scenes.push(scene);
  return scene;
};
const kinds = (member: RolloutScene['members'][number] | undefined): string[] => (member?.told ?? []).map(({ action }) => action.kind);
const ofWave = async (scene: RolloutScene, id: string, wave: number): Promise<string[]> =>
  (await scene.targets(id)).filter((target) => target.wave === wave).map((target) => target.node_id);

describe('a rollout that is sent back', () => {
  it('goes back as a whole after it has completed, the last wave first', async () => {
    const scene = await group(3);
    const { rollout } = await scene.begin({ max_in_flight: 1 });
    await scene.untilPhase(rollout.id, 'completed');
    const waves = [await ofWave(scene, rollout.id, 0), await ofWave(scene, rollout.id, 1), await ofWave(scene, rollout.id, 2)];
    const asked = await scene.act(rollout.id, 'roll-back', {});
    expect([asked.status, asked.body.phase, asked.body.catch_up_until]).toEqual([200, 'rolling_back', null]);
    const order: string[] = [];
    const done = await scene.untilPhase(rollout.id, 'rolled_back', (id) => (order.push(id), 'committed'));
    expect(order).toEqual(waves.toReversed().flat());
    expect(done.returns).toEqual({ total: 3, pending: 0, in_progress: 0, returned: 3, failed: 0 });
    expect([done.reason, done.totals.rolled_back]).toEqual(['everybody_is_back', 3]);
    expect(scene.members.map(kinds)).toEqual([0, 1, 2].map(() => ['upgrade_binary', 'return_to_previous']));
    expect(scene.members[0]!.told[1]!.action).toEqual({ kind: 'return_to_previous', version: '1.0.0' });
    const audit = (await auditOf(database.url, scene.group.id)).filter(({ action }) => action === 'group.upgrade.rolled_back');
    expect(audit.map(({ actor, details }) => [actor, details['version']])).toEqual([['admin', '1.1.0']]);
  });

  it('goes back by one wave, waits for a person, and tries that wave again when asked', async () => {
    const scene = await group(3);
    const { rollout } = await scene.begin({ settle_secs: 50 });
    await scene.until(rollout.id, (view) => view.phase === 'settling' && view.wave === 0);
    await scene.act(rollout.id, 'promote');
    await scene.until(rollout.id, (view) => view.phase === 'settling' && view.wave === 1);
    const [[canary], [second]] = [await ofWave(scene, rollout.id, 0), await ofWave(scene, rollout.id, 1)];
    expect((await scene.act(rollout.id, 'roll-back', { scope: 'wave' })).body).toMatchObject({ phase: 'paused', reason: 'wave_sent_back' });
    expect((await scene.act(rollout.id, 'resume')).body).toMatchObject({ code: 'rollout_state_conflict' });
    const back = await scene.until(rollout.id, (view) => view.returns?.returned === 1);
    expect([back.phase, kinds(scene.member(canary!)), kinds(scene.member(second!)), scene.told.length]).toEqual([
      'paused',
      ['upgrade_binary'],
      ['upgrade_binary', 'return_to_previous'],
      2,
    ]);
    await scene.act(rollout.id, 'retry-failed');
    await scene.until(rollout.id, (view) => view.phase === 'settling' && view.totals.committed === 2);
    expect(kinds(scene.member(second!))).toEqual(['upgrade_binary', 'return_to_previous', 'upgrade_binary']);
  });

  it('goes back by itself when it halts, where its strategy says so', async () => {
    const scene = await group(3);
    const { rollout } = await scene.begin({ auto_rollback: true });
    let first: string | undefined;
    const done = await scene.untilPhase(rollout.id, 'rolled_back', (id) => (id === (first ??= id) ? 'committed' : 'failed'));
    expect([done.totals.failed, done.totals.rolled_back, done.returns?.total]).toEqual([1, 1, 1]);
    expect(kinds(scene.member(first!))).toEqual(['upgrade_binary', 'return_to_previous']);
    const audit = (await auditOf(database.url, scene.group.id)).find(({ action }) => action === 'group.upgrade.rolled_back');
    expect(audit).toMatchObject({ actor: 'system', details: { reason: 'sent_back_after_failures' } });
  });

  it('is given up when a node has nothing to go back to, and says so', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate' });
    await scene.untilPhase(rollout.id, 'completed');
    const [without] = scene.members;
    await without!.node.beat({ software_version: '1.1.0', committed_version: '1.1.0', previous_version: null });
    await scene.act(rollout.id, 'roll-back');
    const done = await scene.untilPhase(rollout.id, 'aborted');
    expect([done.reason, done.returns]).toEqual(['return_given_up', { total: 2, pending: 0, in_progress: 0, returned: 1, failed: 1 }]);
  });

  it('leaves alone what runs something else by now, and does not run beside a newer rollout', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate' });
    await scene.untilPhase(rollout.id, 'completed');
    const [other] = scene.members;
    await other!.node.beat({ software_version: '1.2.0', committed_version: '1.2.0', previous_version: '1.1.0' });
    const newer = await publisher.publish('1.3.0');
    manager.clock.advance(6000);
    expect(newer.manifestSha256).not.toBe(release.manifestSha256);
    const next = await scene.begin({ start_at: '2100-01-01T00:00:00Z' }, { version: '1.3.0' });
    expect((await scene.act(rollout.id, 'roll-back')).body).toMatchObject({
      code: 'rollout_active',
      details: { rollout_id: next.rollout.id },
    });
    await scene.act(next.rollout.id, 'abort');
    await scene.act(rollout.id, 'roll-back');
    await scene.untilPhase(rollout.id, 'rolled_back');
    expect(kinds(other)).toEqual(['upgrade_binary']);
  });
});
