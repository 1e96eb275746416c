import { randomUUID, sign, type KeyObject } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { keyPayload, type Command } from '@tidegate/contract-protocol';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson, type Person } from '../testing/people.ts';
import { newIdentity, ScriptedNode, type NodeIdentity } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const keep = (node: ScriptedNode): ScriptedNode => (nodes.push(node), node);
const live = async (identity = newIdentity()): Promise<ScriptedNode> => keep(await manager.node(identity));
const path = (node: ScriptedNode, rest = ''): string => `/api/v1/nodes/${node.identity.nodeId}${rest}`;
const view = async (node: ScriptedNode) => (await manager.call('GET', path(node))).body;
const greet = async (identity: NodeIdentity) => {
  const greeted = await manager.greet(identity);
  keep(greeted.node);
  return greeted;
};
/** Authenticates on a new connection and beats once. */
const comeBack = async (identity: NodeIdentity, as: object = {}, key: KeyObject = identity.privateKey): Promise<ScriptedNode> => {
  const { node, hello } = await greet(identity);
  await node.authenticate(hello, { as, key });
  await node.beat();
  return node;
};
const auditOf = async (node: ScriptedNode): Promise<{ actor: string; action: string; details: Record<string, unknown> }[]> =>
  (await manager.call('GET', `/api/v1/audit?target_kind=node&target_id=${node.identity.nodeId}&limit=100`)).body.items;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

describe('what people write on a node', () => {
  it('is its name and its labels, under the revision they have seen', async () => {
    const node = await live();
    const read = await manager.call('GET', path(node));
    expect(read.headers['etag']).toBe(`"${read.body.revision}"`);
    const match = { 'if-match': String(read.headers['etag']) };
    const changed = await manager.call('PATCH', path(node), { display_name: 'quay 3', labels: { site: 'harbour', canary: '' } }, match);
    expect(changed).toMatchObject({ status: 200, body: { name: 'quay 3', labels: { site: 'harbour', canary: '' } } });
    const stale = await manager.call('PATCH', path(node), { display_name: 'quay 4' }, match);
    expect(stale).toMatchObject({ status: 412, body: { code: 'revision_stale' } });
    const again = { 'if-match': String(changed.headers['etag']) };
    const merged = await manager.call('PATCH', path(node), { display_name: null, labels: { canary: null, env: 'prod' } }, again);
    expect(merged.body).toMatchObject({ name: 'edge-a', display_name: null, labels: { site: 'harbour', env: 'prod' } });
    const whole = await manager.call(
      'PUT',
      path(node, '/labels'),
      { labels: { only: 'one' } },
      { 'if-match': `"${merged.body.revision}"` },
    );
    expect(whole.body.labels).toEqual({ only: 'one' });
  });

  it.each([
    ['a key with a capital', { labels: { Site: 'x' } }],
    ['a value with a comma, which would end a selector', { labels: { site: 'a,b' } }],
    ['a line break', { display_name: 'a\nb' }],
    ['more labels than a node may have', { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, 'x'])) }],
    ['a field that is not its own', { display_name: 'a', group_id: randomUUID() }],
    ['nothing', {}],
  ])('is refused as %s', async (_, body) => {
    const node = await live();
    const { revision } = await view(node);
    expect(await manager.call('PATCH', path(node), body, { 'if-match': `"${revision}"` })).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
    expect(await view(node)).toMatchObject({ revision, labels: {}, display_name: null });
  });

  it('is that it is being worked on, until then or until somebody ends it', async () => {
    const node = await live();
    const until = new Date(manager.clock.now().getTime() + 3_600_000).toISOString();
    const started = await manager.call('PUT', path(node, '/maintenance'), { reason: 'new disk', until });
    expect(started.body.maintenance).toMatchObject({ reason: 'new disk', until, by: 'admin' });
    const later = await manager.call('PUT', path(node, '/maintenance'), { reason: 'two disks' });
    expect(later.body.maintenance).toMatchObject({ since: started.body.maintenance.since, until: null });
    expect((await manager.call('DELETE', path(node, '/maintenance'))).body.maintenance).toBeNull();
    await manager.call('PUT', path(node, '/maintenance'), { reason: 'short', until });
    expect((await manager.call('PUT', path(node, '/maintenance'), { reason: 'x', until: '2001-01-01T00:00:00Z' })).status).toBe(400);
    manager.clock.advance(3_600_000);
    expect((await view(node)).maintenance).toBeNull();
  });
});

describe('a move', () => {
  it('needs an admin of both groups; the node comes back into its new one at once', async () => {
    const node = await live();
    const group = await newGroup(manager);
    const person = await newPerson(manager);
    const { group_id: from } = await view(node);
    await makeMember(manager, from, person.username, 'admin');
    const move = (who: Person) => askAs(manager, who, 'POST', path(node, '/move'), { group: group.name });
    expect(await move(person)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const unknown = await askAs(manager, person, 'POST', path(node, '/move'), { group: 'no-such-group' });
    expect(unknown).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    await makeMember(manager, group.id, person.username, 'admin');
    expect((await move(person)).body).toMatchObject({ group: group.name, group_id: group.id });
    expect(await node.whenClosed()).toEqual({ code: 1012, reason: 'node_moved' });
    const back = await comeBack(node.identity);
    await back.report(1, 'agent_started');
    const { body } = await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}/events?limit=1`);
    expect(body.items).toMatchObject([{ name: 'agent_started', group: group.name }]);
  });
});

describe('a change of the key', () => {
  const asked = (node: ScriptedNode): Promise<Command> => node.next('command');
  const offer = (node: ScriptedNode, command: Command, managerId: string, next: NodeIdentity, change: object = {}): void => {
    const { nodeId = '', publicKey, privateKey } = node.identity;
    const fields = { commandId: command.id, nodeId, managerId, oldKey: publicKey, newKey: next.publicKey, ...change };
    const by = (key: KeyObject): string => sign(null, keyPayload(fields), key).toString('base64url');
    const message = { type: 'key_offer', command_id: command.id, public_key: next.publicKey };
    node.say({ ...message, signature: by(privateKey), proof: by(next.privateKey), ...change });
  };
  const managerIdOf = async (): Promise<string> => (await greet(newIdentity())).hello.manager_id;

  it('is asked for, offered, and done with the first beat; both keys are good until then', async () => {
    const node = await live();
    const { identity } = node;
    expect((await manager.call('POST', path(node, '/rotate-key'))).body.key_rotation).toBe('asked');
    const command = await asked(node);
    expect(command.action).toEqual({ kind: 'rotate_key' });
    const next = newIdentity();
    offer(node, command, await managerIdOf(), next);
    expect(await node.next('key_accepted')).toMatchObject({ command_id: command.id, public_key: next.publicKey });
    expect((await view(node)).key_rotation).toBe('offered');
    // A power cut before the node has adopted it: the old key is still good. So is the new one, for as long as nothing was beaten.
    await comeBack(identity);
    const renewed = await greet(identity);
    await renewed.node.authenticate(renewed.hello, { key: next.privateKey });
    await comeBack(identity);
    const adopted = await comeBack(identity, {}, next.privateKey);
    expect((await view(adopted)).key_rotation).toBeNull();
    const old = await greet(identity);
    await expect(old.node.authenticate(old.hello)).rejects.toThrow('4003 node_key_invalid');
    expect((await auditOf(node)).map((row) => row.action)).toEqual(expect.arrayContaining(['node.rotate_key', 'node.key_rotated']));
    await comeBack({ ...identity, privateKey: next.privateKey });
  });

  it('waits for a node that is offline, and is asked for again until it is answered', async () => {
    const node = await live();
    node.end();
    await manager.call('POST', path(node, '/rotate-key'));
    const first = await asked(await comeBack(node.identity));
    const second = await comeBack(node.identity);
    const command = await asked(second);
    expect(command.id).toBe(first.id);
    second.say({ type: 'command_ack', id: command.id, accepted: false, error_code: 'command_unknown', details: {} });
    await second.beat();
    expect((await manager.call('GET', path(node, '/facts'))).body.key.rotation).toMatchObject({
      state: 'refused',
      error_code: 'command_unknown',
    });
    expect((await comeBack(node.identity)).received).toEqual([]);
  });

  it.each([
    ['node_key_invalid', 'signed for another command', { commandId: randomUUID() }],
    ['node_key_invalid', 'signed for another node', { nodeId: randomUUID() }],
    ['node_key_invalid', 'whose new key proves nothing', { proof: 'A'.repeat(86) }],
    ['node_key_invalid', 'that the old key did not sign', { signature: 'A'.repeat(86) }],
    ['message_unexpected', 'nobody asked for', { command_id: randomUUID() }],
  ])('is refused with %s: one %s', async (code, _, change) => {
    const node = await live();
    await manager.call('POST', path(node, '/rotate-key'));
    const next = newIdentity();
    offer(node, await asked(node), await managerIdOf(), next, change);
    expect((await node.whenClosed()).reason).toBe(code);
    const stranger = await greet(node.identity);
    await expect(stranger.node.authenticate(stranger.hello, { key: next.privateKey })).rejects.toThrow('node_key_invalid');
  });

  it('takes no key that is another node’s', async () => {
    const [node, other] = [await live(), await live()];
    await manager.call('POST', path(node, '/rotate-key'));
    offer(node, await asked(node), await managerIdOf(), other.identity);
    expect((await node.whenClosed()).reason).toBe('public_key_in_use');
  });
});

describe('a revocation', () => {
  it('shows the node out, tells it why, and keeps it out until it is enrolled again with another key', async () => {
    const node = await live();
    const revoked = await manager.call('POST', path(node, '/revoke'), { reason: 'stolen' });
    expect(revoked.body.revoked_at).not.toBeNull();
    expect(await node.next('auth_error')).toMatchObject({ code: 'node_revoked' });
    expect(await node.whenClosed()).toEqual({ code: 4031, reason: 'node_revoked' });
    const again = await greet(node.identity);
    await expect(again.node.authenticate(again.hello)).rejects.toThrow('4031 node_revoked');
    const sameKey = await greet({ ...node.identity, nodeId: undefined });
    await expect(sameKey.node.enrol(await manager.token())).rejects.toThrow('public_key_in_use');
    expect(await manager.call('POST', path(node, '/rotate-key'))).toMatchObject({ status: 409, body: { code: 'node_revoked' } });
    const audit = (await auditOf(node)).filter((row) => row.action === 'node.revoke');
    expect(audit).toMatchObject([{ actor: 'admin', details: { reason: 'stolen' } }]);
    await manager.call('POST', path(node, '/revoke'), { reason: 'again' });
    expect((await auditOf(node)).filter((row) => row.action === 'node.revoke')).toHaveLength(1);
  });

  it('ends what a session says after it, also when no notice of it arrives', async () => {
    const node = await live();
    const { body } = await manager.call('GET', path(node, '/facts'));
    const epoch = body.session.epoch as number;
    await manager.call('POST', path(node, '/revoke'), { reason: 'stolen' });
    const after = (await manager.call('GET', path(node, '/facts'))).body.session;
    expect(after).toMatchObject({ epoch: epoch + 1, disconnected_at: expect.any(String) });
  });
});

describe('a decommissioned node', () => {
  it('leaves lists and counts, keeps its history, and its machine may be enrolled again', async () => {
    const node = await live();
    await node.report(1, 'agent_started');
    const count = async (): Promise<number> => (await manager.call('GET', '/api/v1/nodes/counts')).body.total as number;
    const before = await count();
    const inGroup = async (): Promise<number> =>
      (await manager.call('GET', `/api/v1/groups/${(await view(node)).group_id}`)).body.nodes as number;
    const beforeInGroup = await inGroup();
    expect((await manager.call('DELETE', path(node))).status).toBe(204);
    expect(await inGroup()).toBe(beforeInGroup - 1);
    expect(await node.whenClosed()).toEqual({ code: 4031, reason: 'node_unknown' });
    expect(await count()).toBe(before - 1);
    const { body: list } = await manager.call('GET', `/api/v1/nodes?search=${node.identity.nodeId}`);
    expect(list).toMatchObject({ items: [], total: 0 });
    expect(await view(node)).toMatchObject({ removed_at: expect.any(String), connection: 'offline' });
    const events = await manager.call('GET', path(node, '/events'));
    expect(events.body.items.map((event: { name: string }) => event.name)).toEqual(
      expect.arrayContaining(['agent_started', 'node_removed']),
    );
    const back = await greet(node.identity);
    await expect(back.node.authenticate(back.hello)).rejects.toThrow('4003 node_unknown');
    const anew = await live({ ...node.identity, nodeId: undefined });
    expect(anew.identity.nodeId).not.toBe(node.identity.nodeId);
    expect(await count()).toBe(before);
  });

  it.each([
    ['PATCH', '', { display_name: 'x' }],
    ['PUT', '/maintenance', { reason: 'x' }],
    ['POST', '/rotate-key', undefined],
    ['POST', '/revoke', { reason: 'x' }],
    ['POST', '/upgrade', { version: '1.1.0', queue: true }],
    ['DELETE', '', undefined],
  ])('is changed by nobody: %s %s', async (method, rest, body) => {
    const node = await live();
    await manager.call('DELETE', path(node));
    const answer = await manager.call(method, path(node, rest), body, { 'if-match': '"1"' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'node_not_found' } });
  });

  it('is told of to open pages', async () => {
    const node = await live();
    const stream = manager.watch();
    const first = stream.next();
    let told = false;
    void first.then(() => (told = true));
    // Something changes until the page has heard of it: from then on it hears everything.
    for (let version = 1; !told; version += 1) await node.beat({ software_version: `1.0.${version}` });
    await manager.call('DELETE', path(node));
    for await (const message of stream) {
      if (message.type !== 'node_removed') continue;
      expect(message.node_id).toBe(node.identity.nodeId);
      break;
    }
  });
});

describe('one identity on two machines', () => {
  it('is put into quarantine when they take turns, and upgraded by nobody until a person releases it', async () => {
    const node = await live();
    const first = { run_id: node.runId };
    const second = { run_id: randomUUID(), boot_id: 'boot-2' };
    await comeBack(node.identity, second);
    expect((await view(node)).quarantine).toBeNull();
    await comeBack(node.identity, first);
    expect((await view(node)).quarantine).toMatchObject({ reason: 'clone', details: { kind: 'alternating', boot_differs: true } });
    const refused = await manager.call('POST', path(node, '/upgrade'), { version: '1.1.0', queue: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'node_quarantined' } });
    const { body: events } = await manager.call('GET', path(node, '/events'));
    expect(events.items).toContainEqual(expect.objectContaining({ name: 'node_clone_detected', severity: 'critical' }));
    expect((await auditOf(node)).find((row) => row.action === 'node.quarantine')).toMatchObject({ actor: 'system' });
    expect((await manager.call('POST', path(node, '/release'), { reason: 'clone wiped' })).body.quarantine).toBeNull();
    // The one that stays comes back, as often as it likes.
    await comeBack(node.identity, first);
    expect((await view(node)).quarantine).toBeNull();
  });

  it('is put into quarantine when another machine comes while the first is heard', async () => {
    const node = await live();
    await comeBack(node.identity, { run_id: randomUUID(), machine_id: 'another-machine' });
    expect((await view(node)).quarantine).toMatchObject({
      details: { kind: 'overlapping', machine_id: 'another-machine', other_machine_id: node.identity.machineId },
    });
  });

  it('is not what a restart, a reboot or a new machine after a goodbye looks like', async () => {
    const node = await live();
    await comeBack(node.identity, { run_id: randomUUID() });
    const last = await comeBack(node.identity, { run_id: randomUUID(), boot_id: 'boot-2' });
    last.end();
    await last.whenClosed();
    const gone = async () => (await manager.call('GET', path(node, '/facts'))).body.session.disconnected_at as string | null;
    while ((await gone()) === null) await new Promise((settle) => setImmediate(settle));
    await comeBack(node.identity, { run_id: randomUUID(), boot_id: 'boot-3', machine_id: 'another-machine' });
    expect((await view(node)).quarantine).toBeNull();
  });
});

describe('facts', () => {
  it('are what the node said last, whole, with its session and the fingerprint of its key', async () => {
    const node = await live();
    await node.beat({ checks: [{ id: 'disk', ok: false, detail: 'full' }], unit_version: '7' });
    const { body } = await manager.call('GET', path(node, '/facts'));
    expect(body).toMatchObject({
      facts: { name: 'edge-a', env_names: ['PATH'] },
      report: { checks: [{ id: 'disk', ok: false, detail: 'full' }], unit_version: '7' },
      session: { boot_id: 'boot-1', machine_id: node.identity.machineId, disconnected_at: null },
      key: { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), rotation: null },
    });
    expect(JSON.stringify(body)).not.toContain(node.identity.publicKey);
  });
});

describe('a crowd', () => {
  it('of a thousand silent sockets keeps no honest node out', async () => {
    const silent = await Promise.all(Array.from({ length: 1000 }, () => ScriptedNode.greet(manager.port)));
    silent.forEach(({ node }) => keep(node));
    await expect(ScriptedNode.greet(manager.port)).rejects.toThrow('503');
    manager.clock.advance(2000);
    const node = await live();
    expect((await view(node)).connection).toBe('online');
    expect((await silent[0]?.node.whenClosed())?.code).toBe(1006);
  });
});
