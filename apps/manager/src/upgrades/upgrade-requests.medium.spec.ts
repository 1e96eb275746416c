import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { Publisher, type PublishedRelease } from '../testing/publisher.ts';
import { askAs, makeMember, newGroup, newPerson } from '../testing/people.ts';
import { newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';

const OTHER_DIGEST = 'b'.repeat(64);
const nodes: ScriptedNode[] = [];
let database: TestDatabase;
let publisher: Publisher;
let manager: ManagerUnderTest;
let sql: pg.Client;
let next: PublishedRelease;

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  await publisher.publish('1.0.0');
  next = await publisher.publish('1.1.0');
  const token = { name: 'TOKEN', description: 'what it needs', required: true, secret: true };
  await publisher.publish('1.2.0-beta.1', { manifest: { config: { env: [token], posture: {} } } });
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    release_sources: [publisher.source({ trust_anchor_file: publisher.anchorFile })],
  });
  await manager.signIn();
  sql = new pg.Client(database.url);
  await sql.connect();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await sql.end();
  await manager.dispose();
  await publisher.close();
  await database.stop();
});

const live = async (beat: object = {}): Promise<ScriptedNode> => {
  const node = await manager.node(newIdentity(), beat);
  nodes.push(node);
  return node;
};
const of = (node: ScriptedNode, act: string): string => `/api/v1/nodes/${node.identity.nodeId}/${act}`;
const upgrade = (node: ScriptedNode, body: object = {}) => manager.call('POST', of(node, 'upgrade'), { version: '1.1.0', ...body });
const goBack = (node: ScriptedNode, body: object = {}) => manager.call('POST', of(node, 'return'), body);
const explain = async (node: ScriptedNode, query = '') => (await manager.call('GET', of(node, `explain${query}`))).body;
const read = async (id: string) => (await manager.call('GET', `/api/v1/upgrades/${id}`)).body;
const list = async (query: string) => (await manager.call('GET', `/api/v1/upgrades${query}`)).body;
const untilState = async (id: string, state: string): Promise<void> => {
  while ((await read(id)).state !== state) {
    manager.clock.advance(1000);
    await new Promise((settle) => setImmediate(settle));
  }
};
const details = (id: string, more: object = {}) => ({
  attempt_id: 'a-1',
  command_id: id,
  from_version: '1.0.0',
  to_version: '1.1.0',
  channel: 'stable',
  arch: 'x64',
  variant: 'thin',
  ...more,
});
const attempt = (id: string, state: string, more: object = {}) => ({
  attempt: { id: 'a-1', command_id: id, kind: 'upgrade', state, from_version: '1.0.0', to_version: '1.1.0', ...more },
});
const afterwards = { software_version: '1.1.0', committed_version: '1.1.0', previous_version: '1.0.0' };
const begun = async (node: ScriptedNode, body: object = {}): Promise<string> => {
  const answer = await upgrade(node, body);
  expect(answer.status).toBe(202);
  await node.next('command');
  return answer.body.id as string;
};

describe('the check at the request', () => {
  it('answers 200 for what runs already, with the check, and begins nothing', async () => {
    const node = await live();
    const answer = await upgrade(node, { version: '1.0.0' });
    expect([answer.status, answer.body]).toEqual([
      200,
      expect.objectContaining({ node_id: node.identity.nodeId, outcome: 'up-to-date', reason: 'same_version' }),
    ]);
    expect((await list(`?node_id=${node.identity.nodeId}`)).items).toEqual([]);
  });

  it('gives the same 200 to a repeated request with its key', async () => {
    const node = await live();
    const key = { 'idempotency-key': randomUUID() };
    const body = { version: '1.0.0' };
    const first = await manager.call('POST', of(node, 'upgrade'), body, key);
    const again = await manager.call('POST', of(node, 'upgrade'), body, key);
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([200, first.body, 'true']);
  });

  it('refuses a version that lacks an environment variable before anything is sent', async () => {
    const node = await live();
    const answer = await upgrade(node, { version: '1.2.0-beta.1', channel: 'beta' });
    expect([answer.status, answer.body]).toEqual([
      409,
      expect.objectContaining({ code: 'upgrade_env_missing', details: { names: ['TOKEN'] } }),
    ]);
    expect(node.received.filter((message) => message.type === 'command')).toEqual([]);
  });

  it('leaves an older version to the node', async () => {
    const node = await live({ software_version: '2.0.0', committed_version: '2.0.0' });
    const { action } = await upgrade(node).then(() => node.next('command'));
    expect(action).toEqual({ kind: 'upgrade_binary', version: '1.1.0', channel: 'stable' });
  });

  it.each([
    ['node_in_maintenance', 'PUT', 'maintenance', { reason: 'a new fan' }],
    ['node_revoked', 'POST', 'revoke', { reason: 'stolen' }],
  ])('answers %s', async (code, method, act, body) => {
    const node = await live();
    expect((await manager.call(method, of(node, act), body)).status).toBe(200);
    expect((await upgrade(node, { queue: true })).body).toMatchObject({ status: 409, code });
  });

  it('upgrades a node in maintenance when it is told so', async () => {
    const node = await live();
    await manager.call('PUT', of(node, 'maintenance'), { reason: 'a new fan' });
    expect(await explain(node)).toMatchObject({ code: 'in_maintenance', sentence: 'The node is in maintenance: a new fan.' });
    expect((await upgrade(node, { in_maintenance: true })).status).toBe(202);
  });

  it('answers node_quarantined, for a return as well', async () => {
    const node = await live(afterwards);
    await sql.query('UPDATE nodes SET quarantined_at = now() WHERE id = $1', [node.identity.nodeId]);
    expect((await upgrade(node)).body.code).toBe('node_quarantined');
    expect((await goBack(node)).body.code).toBe('node_quarantined');
  });

  it('answers for a node that has never reported, queued or not', async () => {
    const { node } = await manager.greet(newIdentity());
    nodes.push(node);
    await node.enrol(await manager.token());
    expect((await upgrade(node)).body.code).toBe('node_offline');
    expect((await upgrade(node, { queue: true })).body.code).toBe('upgrade_not_supported');
    expect(await explain(node)).toMatchObject({ code: 'node_never_connected', waits_for: 'node' });
  });

  it('gives a request the time it asks for, and says as an event when that was in vain', async () => {
    const node = await live();
    const id = await begun(node, { timeout_secs: 60 });
    manager.clock.advance(59_000);
    expect((await read(id)).finished_at).toBeNull();
    await untilState(id, 'failed');
    const { body } = await manager.call('GET', of(node, 'events'));
    expect(body.items[0]).toMatchObject({ name: 'upgrade_unreported', source: 'manager', details: { upgrade_id: id, last_state: 'sent' } });
  });

  it.each([{ timeout_secs: 1 }, { timeout_secs: 604_801 }, { expected_manifest_sha256: 'x' }, { retry_skipped: 'yes' }])(
    'refuses %j',
    async (body) => {
      expect((await upgrade(await live(), body)).body.code).toBe('request_invalid');
    },
  );
});

describe('a pinned manifest', () => {
  it('goes with the command, and so does a retry, both audited', async () => {
    const node = await live();
    const { body } = await upgrade(node, { expected_manifest_sha256: next.manifestSha256, retry_skipped: true });
    const pinned = { expected_manifest_sha256: next.manifestSha256, retry_skipped: true };
    expect((await node.next('command')).action).toEqual({ kind: 'upgrade_binary', version: '1.1.0', channel: 'stable', ...pinned });
    expect(body).toMatchObject(pinned);
    const { rows } = await sql.query(`SELECT details FROM audit WHERE details->>'upgrade_id' = $1`, [body.id]);
    expect(rows).toEqual([{ details: { version: '1.1.0', channel: 'stable', upgrade_id: body.id, ...pinned } }]);
  });

  it('fails a node that completed with another one, whether its event or its beat says so', async () => {
    const byEvent = await live();
    const one = await begun(byEvent, { expected_manifest_sha256: next.manifestSha256 });
    await byEvent.report(1, 'upgrade_completed', details(one, { manifest_sha256: OTHER_DIGEST }));
    const byBeat = await live();
    const two = await begun(byBeat, { expected_manifest_sha256: next.manifestSha256 });
    await byBeat.report(1, 'upgrade_started', details(two));
    await byBeat.beat({ ...afterwards, manifest_sha256: OTHER_DIGEST });
    await untilState(two, 'failed');
    for (const id of [one, two])
      expect(await read(id)).toMatchObject({
        state: 'failed',
        error_code: 'upgrade_provenance_mismatch',
        error_details: { expected: next.manifestSha256, reported: OTHER_DIGEST },
      });
  });

  it('is refused for a node that runs the version from another one, and nothing to do for the very one', async () => {
    const node = await live({ ...afterwards, manifest_sha256: OTHER_DIGEST });
    expect((await upgrade(node, { expected_manifest_sha256: next.manifestSha256 })).body.code).toBe('upgrade_provenance_mismatch');
    expect((await upgrade(node, { expected_manifest_sha256: OTHER_DIGEST })).status).toBe(200);
  });
});

describe('an event that never comes', () => {
  it('leaves a commit to what the node runs, also when it lost the attempt', async () => {
    const node = await live();
    const id = await begun(node);
    await node.report(1, 'upgrade_started', details(id));
    await node.beat(attempt(id, 'trial', {}));
    await untilState(id, 'trial');
    await node.beat({ ...afterwards, attempt: null });
    await untilState(id, 'committed');
  });

  it('leaves any other end to its beats, once the event had its time', async () => {
    const node = await live();
    const id = await begun(node);
    await node.report(1, 'upgrade_started', details(id));
    const saidAt = manager.clock.now().getTime();
    await node.beat(attempt(id, 'failed', { error_code: 'upgrade_disk_full' }));
    await untilState(id, 'failed');
    expect(manager.clock.now().getTime() - saidAt).toBeGreaterThanOrEqual(30_000);
    expect(await read(id)).toMatchObject({ error_code: 'upgrade_disk_full', error_details: { attested_by: 'beat' } });
  });

  it('is no way for another node to end it', async () => {
    const node = await live();
    const id = await begun(node);
    await node.report(1, 'upgrade_started', details(id));
    const other = await live();
    await other.beat(attempt(id, 'failed', { error_code: 'upgrade_disk_full' }));
    // The time that an event has, and two rounds of the sweep over the database, have passed when this one has ended.
    const witness = await begun(other, { timeout_secs: 60 });
    await untilState(witness, 'failed');
    expect((await read(id)).state).toBe('accepted');
  });
});

describe('a return', () => {
  it('asks for the version the node names as its previous one, and is done when that is committed', async () => {
    const node = await live({ ...afterwards, manifest_sha256: next.manifestSha256 });
    const { status, body } = await goBack(node, { version: '1.0.0' });
    expect([status, body]).toEqual([202, expect.objectContaining({ action: 'return', version: '1.0.0', from_version: '1.1.0' })]);
    const command = await node.next('command');
    expect(command).toMatchObject({ id: body.id, action: { kind: 'return_to_previous', version: '1.0.0' } });
    node.say({ type: 'command_ack', id: body.id, accepted: true, attempt_id: 'a-2' });
    await untilState(body.id, 'accepted');
    await node.report(1, 'upgrade_completed', details(body.id, { from_version: '1.1.0', to_version: '1.0.0' }));
    expect(await read(body.id)).toMatchObject({ state: 'committed' });
    const { rows } = await sql.query(`SELECT action, details->>'version' AS version FROM audit WHERE details->>'upgrade_id' = $1`, [
      body.id,
    ]);
    expect(rows).toEqual([{ action: 'node.rollback.request', version: '1.0.0' }]);
  });

  it('is possible in maintenance, and ends refused on an agent that does not know the command', async () => {
    const node = await live(afterwards);
    await manager.call('PUT', of(node, 'maintenance'), { reason: 'it misbehaves' });
    const { body } = await goBack(node);
    await node.next('command');
    node.say({ type: 'command_ack', id: body.id, accepted: false, error_code: 'command_unknown', details: {} });
    await untilState(body.id, 'refused');
    expect(await read(body.id)).toMatchObject({ error_code: 'command_unknown' });
  });

  it.each([
    ['upgrade_no_previous', {}, {}],
    ['upgrade_no_previous', { previous_version: '../../etc' }, {}],
    ['upgrade_no_previous', afterwards, { version: '0.9.0' }],
    ['upgrade_not_supported', { ...afterwards, capabilities: [] }, {}],
    ['request_invalid', afterwards, { force: true }],
  ])('answers %s for a node that says %j when asked %j', async (code, beat, body) => {
    const node = await live(beat);
    expect((await goBack(node, body)).body.code).toBe(code);
    expect((await list(`?node_id=${node.identity.nodeId}`)).items).toEqual([]);
  });

  it('is one of the upgrades of which a node runs one at a time', async () => {
    const node = await live(afterwards);
    const both = await Promise.all([goBack(node), upgrade(node, { version: '1.0.0' })]);
    expect(both.map((answer) => answer.status).sort()).toEqual([202, 409]);
  });

  it('waits for a node that is offline only when it was asked to', async () => {
    const node = await live(afterwards);
    node.end();
    while ((await goBack(node)).body.code !== 'node_offline')
      await sql.query('DELETE FROM upgrades WHERE node_id = $1', [node.identity.nodeId]);
    expect((await goBack(node, { queue: true })).body.state).toBe('queued');
    expect(await explain(node)).toMatchObject({ code: 'waits_for_node', version: '1.0.0' });
  });
});

describe('cancelling', () => {
  it('ends what never left the manager, and only once of two that cancel at the same time', async () => {
    const node = await live(afterwards);
    node.end();
    const queued = async () => await upgrade(node, { version: '1.0.0', queue: true });
    let answer = await queued();
    while (answer.body.state !== 'queued') {
      await sql.query('DELETE FROM upgrades WHERE node_id = $1', [node.identity.nodeId]);
      answer = await queued();
    }
    const cancel = () => manager.call('POST', `/api/v1/upgrades/${answer.body.id}/cancel`);
    const both = await Promise.all([cancel(), cancel()]);
    expect(both.map((one) => one.status).sort()).toEqual([202, 409]);
    expect(await read(answer.body.id)).toMatchObject({ state: 'refused', error_code: 'upgrade_cancelled' });
    const again = await manager.node(node.identity, afterwards);
    nodes.push(again);
    expect(again.received.filter((message) => message.type === 'command')).toEqual([]);
  });

  it('that comes too late changes nothing: the node completes', async () => {
    const node = await live();
    const id = await begun(node);
    await node.report(1, 'upgrade_started', details(id));
    expect((await manager.call('POST', `/api/v1/upgrades/${id}/cancel`)).status).toBe(202);
    const command = await node.next('command');
    node.say({ type: 'command_ack', id: command.id, accepted: false, error_code: 'upgrade_not_cancellable', details: {} });
    await node.report(2, 'upgrade_completed', details(id));
    expect(await read(id)).toMatchObject({ state: 'committed' });
    expect((await manager.call('POST', `/api/v1/upgrades/${id}/cancel`)).body.code).toBe('upgrade_not_cancellable');
  });
});

describe('the list of all upgrades', () => {
  it('is filtered, newest first, and paged without losing or repeating any', async () => {
    const seen: string[] = [];
    for (const state of ['upgrade_completed', 'upgrade_refused', 'upgrade_completed']) {
      const node = await live();
      const id = await begun(node, { timeout_secs: 77 });
      await node.report(1, state, details(id, state === 'upgrade_refused' ? { error_code: 'upgrade_disabled' } : {}));
      seen.unshift(id);
    }
    manager.clock.advance(1000);
    const running = await begun(await live());
    const ids = (page: { items: { id: string }[] }) => page.items.map((item) => item.id);
    expect(ids(await list('?running=true'))[0]).toBe(running);
    expect(ids(await list('?error_code=upgrade_disabled&requested_by=admin'))).toContain(seen[1]);
    expect((await list('?state=refused&version=9.9.9')).items).toEqual([]);
    expect((await list('?group=nowhere')).items).toEqual([]);
    const whole = ids(await list('?limit=500'));
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=2${cursor}`);
      paged.push(...ids(page));
      cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : '';
    } while (cursor !== '');
    expect(paged).toEqual(whole);
    expect(new Set(paged).size).toBe(paged.length);
    expect((await list('?cursor=x')).code).toBe('request_invalid');
  });
});

describe('why a node is not upgraded', () => {
  it('is asked of the release source when the node itself gives no reason', async () => {
    const node = await live();
    expect(await explain(node)).toMatchObject({ code: 'not_requested', version: '1.1.0', running_version: '1.0.0', waits_for: 'person' });
    expect(await explain(node, '?channel=beta')).toMatchObject({ code: 'would_be_refused', error_code: 'upgrade_env_missing' });
    expect(await explain(node, '?version=9.9.9')).toMatchObject({ code: 'version_unknown' });
    expect(await explain(await live(afterwards))).toMatchObject({
      code: 'newest_runs',
      sentence: 'The node runs 1.1.0, and nothing newer is wanted.',
    });
    expect((await manager.call('GET', `/api/v1/nodes/${randomUUID()}/explain`)).body.code).toBe('node_not_found');
  });

  it('is what the node said last, and what waits for a person', async () => {
    const node = await live();
    const id = await begun(node);
    expect(await explain(node)).toMatchObject({ code: 'waits_for_answer', upgrade_id: id });
    await node.report(1, 'upgrade_staged_manual', details(id));
    expect(await explain(node)).toMatchObject({ code: 'staged_for_person', version: '1.1.0' });
    await node.report(2, 'upgrade_refused', details(id, { error_code: 'upgrade_disabled' }));
    expect(await explain(node)).toMatchObject({ code: 'disabled_by_policy', error_code: 'upgrade_disabled', upgrade_id: id });
  });
});

describe('who is no admin', () => {
  const inGroup = async (group: string): Promise<ScriptedNode> => {
    const { node, hello } = await manager.greet(newIdentity());
    nodes.push(node);
    await node.enrol(await manager.token({ group }));
    await node.authenticate(hello);
    await node.beat();
    return node;
  };

  it('sees the upgrades and reasons of the nodes in reach, and of no other', async () => {
    const [group, elsewhere] = [await newGroup(manager), await newGroup(manager)];
    const [first, second, foreign] = [await inGroup(group.name), await inGroup(group.name), await inGroup(elsewhere.name)];
    const [one, two] = [await begun(first), await begun(second)];
    const other = await begun(foreign);
    const [viewer, limited] = [await newPerson(manager), await newPerson(manager)];
    await makeMember(manager, group.id, viewer.username, 'viewer');
    await makeMember(manager, group.id, limited.username, 'operator', [first.identity.nodeId ?? '']);
    const seenBy = async (person: typeof viewer, query = ''): Promise<string[]> => {
      const { items } = (await askAs(manager, person, 'GET', `/api/v1/upgrades${query}`)).body as { items: { id: string }[] };
      return items.map((item) => item.id).sort();
    };
    expect(await seenBy(viewer)).toEqual([one, two].sort());
    expect(await seenBy(limited)).toEqual([one]);
    expect(await seenBy(viewer, `?node_id=${foreign.identity.nodeId}`)).toEqual([]);
    expect(await seenBy(viewer, `?group=${elsewhere.name}`)).toEqual([]);
    expect((await list(`?group=${elsewhere.name}`)).items).toMatchObject([{ id: other }]);
    const codeOf = async (...asked: [method: string, path: string, body?: object]) =>
      ((await askAs(manager, viewer, ...asked)).body as { code: string }).code;
    expect(await codeOf('GET', of(first, 'explain'))).toBe('waits_for_answer');
    expect(await codeOf('GET', of(foreign, 'explain'))).toBe('node_not_found');
    expect(await codeOf('POST', of(first, 'return'), {})).toBe('forbidden');
    expect(((await askAs(manager, limited, 'POST', of(second, 'return'), {})).body as { code: string }).code).toBe('node_not_found');
  });
});
