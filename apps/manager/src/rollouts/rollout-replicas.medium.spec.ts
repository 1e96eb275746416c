/** Rollouts while replicas come and go: two managers on one database, one of which can be cut off from it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { layCable, type DatabaseCable } from '../testing/database-cable.ts';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { RolloutScene } from '../testing/rollout-scene.ts';
import { sql } from '../testing/sql.ts';

let database: TestDatabase;
let cable: DatabaseCable;
let publisher: Publisher;
let release: PublishedRelease;
let a: ManagerUnderTest;
let b: ManagerUnderTest;
const scenes: RolloutScene[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  cable = await layCable(database);
  publisher = await Publisher.open();
  release = await publisher.publish('1.1.0');
  const release_sources = [publisher.source()];
  a = await ManagerUnderTest.start({ database_url: database.url, release_sources });
  b = await ManagerUnderTest.start({ database_url: cable.url, release_sources });
  await a.signIn();
  b.answersFor(a);
});
afterEach(() => scenes.splice(0).forEach((scene) => scene.end()));
afterAll(async () => {
  await b.dispose();
  await a.dispose();
  await publisher.close();
  await cable.dispose();
  await database.stop();
});

/** Half of the nodes hold their connection to the one replica, half to the other. */
async function group(count: number): Promise<RolloutScene> {
  const scene = await RolloutScene.open(a, 0, release.manifestSha256);
  scene.replicas.push(b);
  for (let made = 0; made < count; made += 1) await scene.join(made % 2 === 0 ? a : b);
  scenes.push(scene);
  return scene;
}
/** The same command may reach a node twice, which knows it by its id; two different ones would be two upgrades. */
const toldOnce = (scene: RolloutScene): boolean => scene.members.every(({ told }) => new Set(told.map(({ id }) => id)).size === 1);
const transitions = async (id: string) =>
  (await a.call('GET', `/api/v1/rollouts/${id}/explain`)).body.transitions.map(
    ({ to, reason }: { to: string; reason: string }) => `${to} ${reason}`,
  );

describe('a rollout of two replicas', () => {
  it('is carried out by both as if by one', async () => {
    const scene = await group(6);
    const { rollout } = await scene.begin();
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect([done.totals.committed, toldOnce(scene)]).toEqual([6, true]);
    expect((await transitions(rollout.id)).toReversed()).toEqual([
      'scheduled created',
      ...[0, 1, 2].flatMap(() => ['dispatching wave_opened', 'settling wave_done']),
      'completed all_waves_settled',
    ]);
  });

  it('goes on where the other one was cut off in the middle of a wave, and nothing is lost or doubled', async () => {
    const scene = await group(6);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 2 });
    await scene.until(
      rollout.id,
      (view) => view.totals.committed >= 2 && view.totals.in_flight > 0,
      () => 'committed',
    );
    cable.cut();
    // Its nodes find the other replica, as they do when theirs does not answer.
    for (const [at, member] of scene.members.entries())
      if (at % 2 === 1) {
        member.node.end();
        const { node, hello } = await a.greet(member.node.identity);
        await node.authenticate(hello, { version: member.version });
        scene.members[at] = { ...member, node };
      }
    await scene.beat();
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect([done.totals.committed, toldOnce(scene)]).toEqual([6, true]);
    cable.mend();
    await b.untilReady(200);
  });

  it('waits no longer than a lease for one that died while it looked at the outside world', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ settle_secs: 5 });
    await scene.untilPhase(rollout.id, 'settling');
    const lease = `UPDATE rollouts SET lease_replica = gen_random_uuid(), lease_until = clock_timestamp() + $2::interval WHERE id = $1`;
    await sql(database.url, lease, [rollout.id, '1 hour']);
    const held = await scene.pass(rollout.id, 7000);
    expect([held.phase, held.wave]).toEqual(['settling', 0]);
    await sql(database.url, lease, [rollout.id, '200 ms']);
    await scene.untilPhase(rollout.id, 'completed');
    expect(toldOnce(scene)).toBe(true);
  });

  it('is nobody’s after its holder was buried', async () => {
    const scene = await group(1);
    const { rollout } = await scene.begin({ start_at: new Date(a.clock.now().getTime() + 3_600_000).toISOString() });
    const [dead] = await sql<{ id: string }>(
      database.url,
      `INSERT INTO replicas (id, started_at, seen_at, software_version, address)
       VALUES (gen_random_uuid(), clock_timestamp(), clock_timestamp() - interval '1 hour', '1', '127.0.0.1:1') RETURNING id`,
    );
    await sql(database.url, `UPDATE rollouts SET lease_replica = $2, lease_until = 'infinity' WHERE id = $1`, [rollout.id, dead!.id]);
    const isFree = async () =>
      (await sql(database.url, 'SELECT 1 FROM rollouts WHERE id = $1 AND lease_until IS NULL', [rollout.id])).length === 1;
    await scene.until(rollout.id, isFree);
  });
});
