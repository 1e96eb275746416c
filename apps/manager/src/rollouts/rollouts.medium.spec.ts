import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RolloutView } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newPerson } from '../testing/people.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { RolloutScene, type Behaviour } from '../testing/rollout-scene.ts';
import { auditOf, sql } from '../testing/sql.ts';

let database: TestDatabase;
let publisher: Publisher;
let manager: ManagerUnderTest;
let release: PublishedRelease;
const scenes: RolloutScene[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  release = await publisher.publish('1.1.0');
  await publisher.publish('1.2.0');
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    release_sources: [publisher.source({ trust_anchor_file: publisher.anchorFile })],
  });
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
const ids = (scene: RolloutScene): string[] => scene.members.map(({ id }) => id).toSorted();
const onlyFirst = (scene: RolloutScene, outcome: ReturnType<Behaviour>): Behaviour => {
  let first: string | undefined;
  return (nodeId) => (nodeId === (first ??= nodeId) ? outcome : 'committed');
};
const explain = async (id: string) => (await manager.call('GET', `/api/v1/rollouts/${id}/explain`)).body;
const statesOf = async (scene: RolloutScene, id: string) =>
  Object.fromEntries(
    (await scene.targets(id)).map(({ node_id, state, error_code }) => [node_id, error_code === null ? state : `${state} ${error_code}`]),
  );

describe('a plan', () => {
  it('is shown by a dry run and carried out as it was shown', async () => {
    const scene = await group(6);
    const dry = await scene.ask({ dry_run: true });
    expect([dry.status, dry.body.rollout, dry.body.excluded.count]).toEqual([200, null, 0]);
    const waves = dry.body.waves.map((wave: { nodes: { node_id: string }[] }) => wave.nodes.map((node) => node.node_id));
    expect(waves.map((wave: string[]) => wave.length)).toEqual([1, 2, 3]);
    expect(waves.flat().toSorted()).toEqual(ids(scene));
    expect(dry.body.waves.map((wave: { earliest_at: string }) => Date.parse(wave.earliest_at))).toEqual(
      [0, 1, 2].map((wave) => Date.parse(dry.body.waves[0].earliest_at) + wave * 300_000),
    );
    expect(dry.body.pins).toEqual({
      manifest_sha256: release.manifestSha256,
      source_revision: expect.any(String),
      tag_commit: null,
      provenance: 'not_configured',
    });
    expect((await manager.call('GET', `/api/v1/rollouts?group=${scene.group.name}`)).body.items).toEqual([]);
    const { rollout } = await scene.begin();
    const byWave = (await scene.targets(rollout.id)).reduce<string[][]>((all, { wave, node_id }) => {
      (all[wave] ??= []).push(node_id);
      return all;
    }, []);
    expect(byWave).toEqual(waves);
  });

  it('leaves out who cannot or must not take part, and says why', async () => {
    const scene = await group(3);
    const [kept, resting, already] = scene.members;
    await manager.call('PUT', `/api/v1/nodes/${resting!.id}/maintenance`, { reason: 'a new fan' });
    await already!.node.beat({ software_version: '1.1.0', committed_version: '1.1.0' });
    const unable = await scene.join(manager, { capabilities: [] });
    const revoked = await scene.join();
    await manager.call('POST', `/api/v1/nodes/${revoked.id}/revoke`, { reason: 'stolen' });
    const { body } = await scene.ask({ dry_run: true });
    expect(body.waves.map((wave: { nodes: { node_id: string }[] }) => wave.nodes.map((node) => node.node_id))).toEqual([[kept!.id]]);
    const reasons = Object.fromEntries(body.excluded.nodes.map((node: { node_id: string; reason: string }) => [node.node_id, node.reason]));
    expect(reasons).toEqual({
      [resting!.id]: 'in_maintenance',
      [already!.id]: 'already_there',
      [unable.id]: 'no_capability',
      [revoked.id]: 'revoked',
    });
    expect(body.excluded.by_reason).toEqual({ in_maintenance: 1, already_there: 1, no_capability: 1, revoked: 1 });
  });

  it.each<[string, number, object, object]>([
    ['upgrade_version_unknown', 422, { version: '7.7.7' }, {}],
    ['rollout_option_unsupported', 422, { strategy: { preflight: true } }, { details: { options: ['preflight'] } }],
    ['request_invalid', 400, { strategy: { waves: [{ share: 1.5 }] } }, {}],
    ['request_invalid', 400, { strategy: { order: { canaries: ['00000000-0000-4000-8000-000000000000'] } } }, {}],
    ['group_not_found', 404, { strategy: { source_group: '00000000-0000-4000-8000-000000000000' } }, {}],
    ['rollout_empty', 422, { device_type: 'other' }, {}],
  ])('is refused with %s', async (code, status, body, more) => {
    const scene = await group(1);
    // A super_admin may name any group, also one that is not there: nothing was ever settled in it.
    const person = await newPerson(manager);
    await makeMember(manager, scene.group.id, person.username, 'admin');
    const answer = await askAs(manager, person, 'POST', `/api/v1/groups/${scene.group.id}/upgrade`, { version: '1.1.0', ...body });
    expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ code, ...more })]);
  });

  it('of nobody is an error that counts the reasons', async () => {
    const scene = await group(1);
    await scene.members[0]!.node.beat({ software_version: '1.1.0', committed_version: '1.1.0' });
    expect((await scene.ask({})).body).toMatchObject({ code: 'rollout_empty', details: { already_there: 1 } });
  });
});

describe('a rollout', () => {
  it('goes through its waves, each once the one before has settled, and completes', async () => {
    const scene = await group(6);
    const { rollout } = await scene.begin({ settle_secs: 5 });
    const settled: number[] = [];
    const done = await scene.until(rollout.id, (view) => {
      if (view.phase === 'settling' && !settled.includes(view.wave)) {
        settled.push(view.wave);
        // Nobody of a later wave has been told anything while this one settles.
        expect(scene.told).toHaveLength([1, 3, 6][view.wave]!);
      }
      return view.phase === 'completed';
    });
    expect(settled).toEqual([0, 1, 2]);
    expect(done.totals).toMatchObject({ total: 6, committed: 6, pending: 0, in_flight: 0, failed: 0 });
    expect(scene.members.map((member) => member.told.length)).toEqual([1, 1, 1, 1, 1, 1]);
    const [command] = scene.members[0]!.told;
    expect(command?.action).toEqual({
      kind: 'upgrade_binary',
      version: '1.1.0',
      channel: 'stable',
      expected_manifest_sha256: release.manifestSha256,
    });
    const audit = (await auditOf(database.url, scene.group.id)).filter(({ action }) => action.startsWith('group.upgrade'));
    expect(audit.map(({ actor, action, details }) => [actor, action, details['version']])).toEqual([
      ['admin', 'group.upgrade.schedule', '1.1.0'],
      ['system', 'group.upgrade.complete', '1.1.0'],
    ]);
    expect(audit[0]?.details).toMatchObject({ channel: 'stable', node_count: 6, strategy: { kind: 'staged' } });
    expect(audit[1]?.details).toMatchObject({ completed_count: 6 });
    const { transitions, sentence } = await explain(rollout.id);
    expect(transitions.map(({ to, reason }: { to: string; reason: string }) => `${to} ${reason}`).toReversed()).toEqual([
      'scheduled created',
      ...[0, 1, 2].flatMap(() => ['dispatching wave_opened', 'settling wave_done']),
      'completed all_waves_settled',
    ]);
    expect(sentence).toContain('complete');
  });

  it('halts on a canary that goes back, never touches the others, and completes after a retry', async () => {
    const scene = await group(6);
    const { rollout } = await scene.begin();
    const halted = await scene.untilPhase(rollout.id, 'paused', () => 'rolled_back');
    const [canary] = scene.told;
    expect([halted.reason, halted.totals.rolled_back, scene.told.length]).toEqual(['failures', 1, 1]);
    await scene.pass(rollout.id, 10_000);
    expect(scene.told).toEqual([canary]);
    const told = await explain(rollout.id);
    expect(told).toMatchObject({
      rollout: { waits_for: 'person' },
      acts: ['resume', 'retry', 'abort', 'roll_back', 'roll_back_wave'],
      nodes: [{ node_id: canary, state: 'rolled_back' }],
    });
    expect(told.sentence).toContain('1 went back');
    expect((await scene.act(rollout.id, 'retry-failed')).body).toMatchObject({ phase: 'dispatching', reason: 'retried_by_person' });
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect(done.totals).toMatchObject({ committed: 6, rolled_back: 0 });
    // The release is on the skip list of the node that took itself back: only the retry names it.
    expect(scene.member(canary!).told.map(({ action }) => ('retry_skipped' in action ? action.retry_skipped : false))).toEqual([
      false,
      true,
    ]);
    const actions = (await auditOf(database.url, scene.group.id)).map(({ actor, action, details }) => [
      actor,
      action,
      details['failure_count'],
    ]);
    expect(actions).toContainEqual(['system', 'group.upgrade.paused', 1]);
    expect(actions).toContainEqual(['admin', 'group.upgrade.retried', undefined]);
    const events = await sql(database.url, 'SELECT name FROM events WHERE group_id = $1 AND node_id IS NULL ORDER BY received_at', [
      scene.group.id,
    ]);
    expect(events.map(({ name }) => name as unknown)).toEqual(['rollout_started', 'rollout_paused', 'rollout_completed']);
  });

  it('begins nothing after a pause, follows what had left, and goes on when asked', async () => {
    const scene = await group(4);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    expect((await scene.act(rollout.id, 'pause')).body).toMatchObject({ phase: 'paused', reason: 'paused_by_person', waits_for: 'person' });
    const paused = await scene.until(rollout.id, (view) => view.totals.committed === 1);
    await scene.pass(rollout.id, 5000);
    expect([paused.phase, scene.told.length]).toEqual(['paused', 1]);
    expect((await scene.act(rollout.id, 'pause')).body).toMatchObject({ code: 'rollout_state_conflict' });
    await scene.act(rollout.id, 'resume');
    const most: number[] = [];
    await scene.until(rollout.id, (view) => (most.push(view.totals.in_flight), view.phase === 'completed'));
    expect(Math.max(...most)).toBe(1);
    expect(scene.members.map((member) => member.told.length)).toEqual([1, 1, 1, 1]);
  });

  it('takes back on a pause what has not left for a node yet', async () => {
    const scene = await group(2);
    const [one] = scene.members;
    const { rollout } = await scene.begin({ kind: 'immediate' });
    await scene.until(
      rollout.id,
      () => scene.told.length === 2,
      () => null,
    );
    // As if another replica held the node and had not come to it yet.
    await sql(database.url, `UPDATE upgrades SET state = 'queued' WHERE node_id = $1 AND finished_at IS NULL`, [one!.id]);
    await sql(database.url, `UPDATE rollout_targets SET state = 'due' WHERE node_id = $1`, [one!.id]);
    await scene.act(rollout.id, 'pause');
    expect((await scene.view(rollout.id)).totals).toMatchObject({ pending: 1, in_flight: 1 });
    expect((await manager.call('GET', `/api/v1/nodes/${one!.id}/upgrades`)).body.items[0]).toMatchObject({
      state: 'refused',
      error_code: 'upgrade_cancelled',
    });
  });

  it('leaves out a node that a person skips', async () => {
    const scene = await group(3);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    const [busy] = scene.told;
    const waiting = ids(scene).find((id) => id !== busy);
    expect((await scene.act(rollout.id, 'skip-node', { node_id: busy })).body).toMatchObject({ code: 'rollout_state_conflict' });
    const foreign = await group(1);
    expect((await scene.act(rollout.id, 'skip-node', { node_id: foreign.members[0]!.id })).body).toMatchObject({ code: 'node_not_found' });
    expect((await scene.act(rollout.id, 'skip-node', { node_id: waiting })).body.totals.skipped).toBe(1);
    const done = await scene.untilPhase(rollout.id, 'completed');
    expect([done.totals.committed, done.totals.skipped, scene.told.includes(waiting!)]).toEqual([2, 1, false]);
  });

  it('is no success when nobody committed, and a refusal is no failure', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin();
    const halted = await scene.untilPhase(rollout.id, 'paused', () => 'refused');
    expect([halted.reason, halted.totals.refused, halted.totals.failed, scene.told.length]).toEqual(['no_evidence', 1, 0, 1]);
  });

  it('tolerates as many failures as its threshold says', async () => {
    const scene = await group(4);
    const { rollout } = await scene.begin({ kind: 'immediate', failure_threshold: { max_failures: 1 } });
    const done = await scene.untilPhase(rollout.id, 'completed', onlyFirst(scene, 'failed'));
    expect(done.totals).toMatchObject({ committed: 3, failed: 1 });
  });

  it('waits for the approval of another person than who made it', async () => {
    const scene = await group(3);
    const [maker, other, operator] = [await newPerson(manager), await newPerson(manager), await newPerson(manager)];
    for (const person of [maker, other]) await makeMember(manager, scene.group.id, person.username, 'admin');
    await makeMember(manager, scene.group.id, operator.username, 'operator');
    const body = { version: '1.1.0', strategy: { settle_secs: 0, approval: 'after_canary', second_person: true } };
    const begun = await askAs(manager, maker, 'POST', `/api/v1/groups/${scene.group.id}/upgrade`, body);
    const id = (begun.body as { rollout: RolloutView }).rollout.id;
    const waits = await scene.untilPhase(id, 'awaiting_approval');
    expect([waits.waits_for, waits.wave, scene.told.length]).toEqual(['approval', 0, 1]);
    const approve = (person: typeof maker) => askAs(manager, person, 'POST', `/api/v1/rollouts/${id}/approve`);
    expect((await approve(maker)).body).toMatchObject({ code: 'rollout_second_person_required' });
    expect((await approve(operator)).body).toMatchObject({ code: 'forbidden' });
    expect((await scene.act(id, 'promote')).body).toMatchObject({ code: 'rollout_approval_required' });
    expect((await approve(other)).status).toBe(200);
    await scene.untilPhase(id, 'completed');
    const approved = (await auditOf(database.url, scene.group.id)).find(({ action }) => action === 'group.upgrade.approved');
    expect(approved?.actor).toBe(other.username);
  });

  it('is not hurried past a settle window but by a person', async () => {
    const scene = await group(2);
    const { rollout } = await scene.begin({ settle_secs: 3600 });
    await scene.untilPhase(rollout.id, 'settling');
    expect((await explain(rollout.id)).until).toBe((await scene.view(rollout.id)).settle_until);
    await scene.pass(rollout.id, 5000);
    expect(scene.told).toHaveLength(1);
    expect((await scene.act(rollout.id, 'promote')).status).toBe(200);
    await scene.until(rollout.id, (view) => view.phase === 'settling' && view.wave === 1);
    await scene.act(rollout.id, 'promote');
    expect((await scene.view(rollout.id)).phase).toBe('completed');
  });

  it('ends where it is when it is aborted in the middle of a wave', async () => {
    const scene = await group(4);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 2 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 2,
      () => null,
    );
    expect((await scene.act(rollout.id, 'abort')).body).toMatchObject({ phase: 'aborted' });
    const end = await scene.until(rollout.id, (view) => view.totals.in_flight === 0);
    expect([end.phase, end.totals.committed, end.totals.pending, scene.told.length]).toEqual(['aborted', 2, 2, 2]);
    expect((await scene.act(rollout.id, 'resume')).body).toMatchObject({ code: 'rollout_state_conflict' });
    // The place is free again.
    await scene.begin({ kind: 'immediate' });
  });

  it('has its group and type for itself, until another one supersedes it', async () => {
    const scene = await group(3);
    const { rollout } = await scene.begin({ kind: 'immediate', max_in_flight: 1 });
    await scene.until(
      rollout.id,
      () => scene.told.length === 1,
      () => null,
    );
    expect((await scene.ask({ version: '1.2.0' })).body).toMatchObject({ code: 'rollout_active', details: { rollout_id: rollout.id } });
    const next = await scene.begin({ kind: 'immediate' }, { version: '1.2.0', supersede: true });
    expect((await scene.view(rollout.id)).phase).toBe('superseded');
    const [busy] = scene.told;
    const others = ids(scene).filter((id) => id !== busy);
    await scene.until(
      next.rollout.id,
      () => others.every((id) => scene.told.includes(id)),
      () => null,
    );
    // One upgrade at a time: the node that still does what the first one asked for is told when it is done.
    expect(scene.member(busy!).told).toHaveLength(1);
    await scene.until(
      next.rollout.id,
      () => scene.member(busy!).told.length === 2,
      (id) => (id === busy ? 'committed' : null),
    );
    expect((await scene.view(rollout.id)).totals).toMatchObject({ committed: 1, pending: 2 });
    const audit = (await auditOf(database.url, scene.group.id)).find(({ action }) => action === 'group.upgrade.superseded');
    expect(audit?.details).toMatchObject({ rollout_id: rollout.id, by: next.rollout.id });
  });

  it('begins at its time and within its windows only', async () => {
    const scene = await group(1);
    const now = manager.clock.now().getTime();
    const startAt = new Date(now + 20_000).toISOString();
    const { rollout } = await scene.begin({ start_at: startAt });
    const waits = await scene.pass(rollout.id, 5000);
    expect([waits.phase, waits.waits_for, scene.told]).toEqual(['scheduled', 'start_time', []]);
    expect((await explain(rollout.id)).until).toBe(startAt);
    await scene.untilPhase(rollout.id, 'completed');
    expect(manager.clock.now().getTime()).toBeGreaterThanOrEqual(now + 20_000);
    const closed = await group(1);
    // It is a Monday morning in November.
    const windows = [{ days: ['sun'], from: '03:00', to: '04:00', time_zone: 'Europe/Rome' }];
    const held = await closed.begin({ windows });
    await closed.pass(held.rollout.id, 3000);
    expect(await explain(held.rollout.id)).toMatchObject({ rollout: { waits_for: 'window' }, until: '2026-11-08T02:00:00.000Z' });
    expect(closed.told).toEqual([]);
  });

  it('shows each of its nodes, page by page', async () => {
    const scene = await group(5);
    const { rollout } = await scene.begin();
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await manager.call('GET', `/api/v1/rollouts/${rollout.id}/targets?limit=2${more}`);
      seen.push(...body.items.map((target: { node_id: string }) => target.node_id));
      cursor = body.next_cursor as string | null;
    }
    expect(seen.toSorted()).toEqual(ids(scene));
    expect(new Set(Object.values(await statesOf(scene, rollout.id)))).toEqual(new Set(['pending']));
    const person = await newPerson(manager);
    await makeMember(manager, scene.group.id, person.username, 'viewer', [ids(scene)[0]!]);
    const own = await askAs(manager, person, 'GET', `/api/v1/rollouts/${rollout.id}/targets`);
    expect((own.body as { items: { node_id: string }[] }).items.map((target) => target.node_id)).toEqual([ids(scene)[0]]);
  });
});
