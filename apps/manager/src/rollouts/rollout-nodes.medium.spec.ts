/** Nodes that are away, come late, never answer, fall silent, get worse or are taken out while a rollout runs. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { RolloutScene } from '../testing/rollout-scene.ts';
import { sql } from '../testing/sql.ts';

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
async function goesAway(member: RolloutScene['members'][number]): Promise<void> {
  member.node.end();
  const gone = 'SELECT 1 FROM node_sessions WHERE node_id = $1 AND disconnected_at IS NOT NULL';
  while ((await sql(database.url, gone, [member.id])).length === 0);
}
/** The same node on a new connection. */
async function comesBack(scene: RolloutScene, member: RolloutScene['members'][number]): Promise<void> {
  const { node, hello } = await manager.greet(member.node.identity);
  await node.authenticate(hello);
  await node.beat();
  scene.members[scene.members.indexOf(member)] = { ...member, node };
}

describe('a node that is offline', () => {
  it('is skipped by default, and upgraded when it comes back while the rollout runs', async () => {
    const scene = await group(3);
    const [away] = scene.members;
    await goesAway(away!);
    const { rollout } = await scene.begin({ kind: 'immediate' });
    await scene.until(
      rollout.id,
      (view) => view.totals.offline === 1,
      () => null,
    );
    await comesBack(scene, away!);
    // While the others are still at work.
    await scene.until(
      rollout.id,
      () => scene.told.includes(away!.id),
      () => null,
    );
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect(done.totals).toMatchObject({ committed: 3, offline: 0 });
  });

  it('is upgraded when it comes back after completion, and not after the time for that is over', async () => {
    for (const [catchUpSecs, committed] of [
      [60, 2],
      [0, 1],
    ] as const) {
      const scene = await group(2);
      const [away] = scene.members;
      await goesAway(away!);
      const { rollout } = await scene.begin({ kind: 'immediate', catch_up_secs: catchUpSecs });
      const done = await scene.untilPhase(rollout.id, 'completed');
      expect([done.totals.committed, done.totals.offline]).toEqual([1, 1]);
      await comesBack(scene, away!);
      const later = await scene.pass(rollout.id, 12_000, () => 'committed');
      expect([later.phase, later.totals.committed]).toEqual(['completed', committed]);
    }
  });

  it('is waited for where the policy says so', async () => {
    const scene = await group(2);
    const [away] = scene.members;
    await goesAway(away!);
    const { rollout } = await scene.begin({ kind: 'immediate', offline: 'wait' });
    const waits = await scene.until(rollout.id, (view) => view.waits_for === 'offline_nodes');
    expect(waits.totals).toMatchObject({ committed: 1, pending: 1, waiting_offline: 1 });
    await comesBack(scene, away!);
    await scene.untilPhase(rollout.id, 'completed');
    expect(scene.member(away!.id).told).toHaveLength(1);
  });

  it('fails where the policy says so', async () => {
    const scene = await group(2);
    await goesAway(scene.members[0]!);
    const { rollout } = await scene.begin({ kind: 'immediate', offline: 'fail' });
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, halted.totals.failed]).toEqual(['failures', 1]);
    const failed = (await scene.targets(rollout.id)).find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ node_id: scene.members[0]!.id, error_code: 'node_offline' });
  });

  it('makes no wave pass that nobody tried; once it is back, a person who goes on lets it try', async () => {
    const scene = await group(1);
    const [only] = scene.members;
    await goesAway(only!);
    const { rollout } = await scene.begin();
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect(halted.reason).toBe('no_evidence');
    await comesBack(scene, only!);
    await scene.act(rollout.id, 'resume');
    expect((await scene.untilPhase(rollout.id, 'completed')).totals.committed).toBe(1);
  });
});

describe('the nodes of a rollout', () => {
  it('are joined by those that come into the group while it runs', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    const late = await scene.join();
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect([done.totals.total, done.totals.committed]).toEqual([3, 3]);
    expect(scene.member(late.id).told).toHaveLength(1);
  });

  it('are nobody of another group or another device type', async () => {
    const [scene, other] = [await group(2), await group(2)];
    const { rollout } = await scene.begin({ kind: 'immediate' });
    await scene.untilPhase(rollout.id, 'completed');
    await other.pass(rollout.id, 5000);
    expect([scene.told.length, other.told]).toEqual([2, []]);
  });

  it('do not count any more once they are decommissioned or revoked', async () => {
    const scene = await group(4);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 2 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 2,
      () => null,
    );
    const [busy] = scene.told;
    const [waiting] = scene.members.map(({ id }) => id).filter((id) => !scene.told.includes(id));
    await manager.call('DELETE', `/api/v1/nodes/${busy}`);
    await manager.call('POST', `/api/v1/nodes/${waiting}/revoke`, { reason: 'stolen' });
    const done = await scene.untilPhase(rollout.id, 'completed', (id) => (id === busy ? null : 'committed'));
    expect(done.totals).toMatchObject({ total: 2, committed: 2, removed: 2 });
    expect(scene.told).not.toContain(waiting);
  });

  it('are left out when they go into maintenance before their turn', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    const waiting = scene.members.find(({ id }) => !scene.told.includes(id))!;
    await manager.call('PUT', `/api/v1/nodes/${waiting.id}/maintenance`, { reason: 'a new fan' });
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect(done.totals).toMatchObject({ committed: 1, skipped: 1 });
    expect(scene.told).not.toContain(waiting.id);
  });

  it('count as committed when they run the pinned release already at their turn', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    const waiting = scene.members.find(({ id }) => !scene.told.includes(id))!;
    waiting.version = '1.1.0';
    await scene.beat({}, (id) => id === waiting.id);
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect([done.totals.committed, scene.told.includes(waiting.id)]).toEqual([2, false]);
  });

  it('have failed when they run the version from another manifest', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    const waiting = scene.members.find(({ id }) => !scene.told.includes(id))!;
    waiting.version = '1.1.0';
    await scene.beat({ manifest_sha256: 'b'.repeat(64) }, (id) => id === waiting.id);
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, halted.totals.failed]).toEqual(['failures', 1]);
    expect((await scene.targets(rollout.id)).find(({ node_id }) => node_id === waiting.id)?.error_code).toBe('upgrade_provenance_mismatch');
  });
});

describe('what halts', () => {
  it('a node that never says how it ended', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ node_timeout_secs: 8 });
    const halted = await scene.untilPhase(rollout.id, 'paused', () => null);
    expect([halted.reason, halted.totals.failed, scene.told.length]).toEqual(['failures', 1, 1]);
    expect((await scene.targets(rollout.id))[0]).toMatchObject({ state: 'failed', error_code: 'upgrade_timeout' });
  });

  it('a check that fails since, and not one that failed before', async () => {
    const scene = await group(2);
    await scene.beat({ checks: [{ id: 'modem', ok: false }] });
    const { rollout } = await scene.begin({ settle_secs: 30 });
    await scene.untilPhase(rollout.id, 'settling');
    const [canary] = scene.told;
    await scene.beat({ checks: [{ id: 'modem', ok: false }] }, (id) => id === canary);
    expect((await scene.pass(rollout.id, 4000)).totals.regressed).toBe(0);
    await scene.beat(
      {
        checks: [
          { id: 'modem', ok: false },
          { id: 'sensor', ok: false },
        ],
      },
      (id) => id === canary,
    );
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, halted.totals.regressed, scene.told.length]).toEqual(['failures', 1, 1]);
    expect((await scene.targets(rollout.id))[0]).toMatchObject({ state: 'committed', health: 'regressed' });
  });

  it('a committed node that falls silent while its wave settles', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ settle_secs: 3600 });
    await scene.untilPhase(rollout.id, 'settling');
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, halted.totals.lost, scene.told.length]).toEqual(['failures', 1, 1]);
  });

  it('nodes that do worse than those that were not upgraded yet, from twenty on each side', async () => {
    const scene = await group(40);
    const { rollout } = await scene.begin({ waves: [{ count: 20 }], settle_secs: 45, failure_threshold: { max_failures: 100 } });
    await scene.untilPhase(rollout.id, 'settling');
    const upgraded = new Set(scene.told);
    expect(upgraded.size).toBe(20);
    // What troubles both sides is not the release.
    await scene.beat({ restarts: 3 }, (id) => !upgraded.has(id));
    await scene.beat({ restarts: 3 }, (id) => upgraded.has(id));
    expect(await scene.pass(rollout.id, 3000)).toMatchObject({ phase: 'settling', reason: 'wave_done' });
    await scene.beat({ restarts: 9 }, (id) => upgraded.has(id));
    const halted = await scene.untilPhase(rollout.id, 'paused');
    expect([halted.reason, scene.told.length]).toEqual(['cohort_restarting_more', 20]);
  });
});
