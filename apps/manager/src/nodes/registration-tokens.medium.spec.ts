import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson } from '../testing/people.ts';
import type { ScriptedNode } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const TOKENS = '/api/v1/registration-tokens';
const make = async (change: object = {}) =>
  (await manager.call('POST', TOKENS, { device_type: 'tidegate-edge', ...change })).body as {
    id: string;
    token: string;
    install_command: string;
  };
const info = async (id: string) => (await manager.call('GET', `${TOKENS}/${id}`)).body;
const enrol = async (token: string): Promise<string> => {
  const { node } = await manager.greet();
  nodes.push(node);
  return await node.enrol(token);
};

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url, public_origin: 'https://fleet.example' });
  await manager.signIn();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

describe('a registration token', () => {
  it('is shown once; what became of it is told without it', async () => {
    const { id, token } = await make();
    expect(await info(id)).toMatchObject({ state: 'open', group: 'default', created_by: 'admin', used_at: null });
    const node = await enrol(token);
    expect(await info(id)).toMatchObject({ state: 'used', used_by_node: node, used_at: expect.any(String) });
    const expired = await make({ ttl_secs: 60 });
    manager.clock.advance(61_000);
    expect((await info(expired.id)).state).toBe('expired');
    const { body: list } = await manager.call('GET', `${TOKENS}?limit=500`);
    expect(list.items.map((item: { id: string }) => item.id)).toEqual(expect.arrayContaining([id, expired.id]));
    expect(JSON.stringify(list) + manager.logLines.join('')).not.toContain('tgr_');
  });

  it('admits nobody once it is revoked', async () => {
    const { id, token } = await make();
    const path = `${TOKENS}/${id}`;
    expect((await manager.call('DELETE', path)).body).toMatchObject({ state: 'revoked', revoked_at: expect.any(String) });
    await expect(enrol(token)).rejects.toThrow('token_revoked');
    expect((await manager.call('DELETE', path)).status).toBe(200);
    const used = await make();
    await enrol(used.token);
    expect(await manager.call('DELETE', `${TOKENS}/${used.id}`)).toMatchObject({ status: 403, body: { code: 'token_used' } });
  });

  it('is listed newest first, by page, state and device type', async () => {
    const made = [];
    for (const device_type of ['gateway-a', 'gateway-b', 'gateway-a']) {
      manager.clock.advance(1000);
      made.push((await make({ device_type })).id);
    }
    const list = async (query: string) => (await manager.call('GET', `${TOKENS}?${query}`)).body;
    const first = await list('limit=2&state=open');
    const second = await list(`limit=1&state=open&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(made.toReversed());
    expect((await list('device_type=gateway-a')).items.map((item: { id: string }) => item.id)).toEqual([made[2], made[0]]);
    expect((await list('cursor=forged')).code).toBe('request_invalid');
  });

  it('of another group is as if it did not exist', async () => {
    const [own, foreign] = [await newGroup(manager), await newGroup(manager)];
    const person = await newPerson(manager);
    await makeMember(manager, own.id, person.username, 'admin');
    const [mine, theirs] = [await make({ group: own.name }), await make({ group: foreign.name })];
    const list = await askAs(manager, person, 'GET', TOKENS);
    expect((list.body as { items: { id: string }[] }).items.map((item) => item.id)).toEqual([mine.id]);
    for (const method of ['GET', 'DELETE'])
      expect(await askAs(manager, person, method, `${TOKENS}/${theirs.id}`)).toMatchObject({
        status: 404,
        body: { code: 'registration_token_not_found' },
      });
    expect((await info(theirs.id)).state).toBe('open');
  });
});

describe('the command to install with', () => {
  it('puts address and token where the agent looks for them, for nobody else to read', async () => {
    const { token, install_command: command } = await make();
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-install-'));
    try {
      // As on a node, but in a folder of our own, as ourselves, and without a service.
      const here = command
        .replaceAll('/opt/tidegate/tidegate-edge', folder)
        .replaceAll(' -o tidegate -g tidegate', '')
        .replace('systemctl restart tidegate-edge', 'echo restarted');
      expect((await promisify(execFile)('sh', ['-euc', here])).stdout).toBe('restarted\n');
      expect(JSON.parse(await readFile(join(folder, 'config.d/50-manager.json'), 'utf8'))).toEqual({
        manager: { url: 'wss://fleet.example/ws/node' },
      });
      expect(await readFile(join(folder, 'identity/registration-token'), 'utf8')).toBe(`${token}\n`);
      expect((await stat(join(folder, 'identity'))).mode & 0o777).toBe(0o700);
      expect((await stat(join(folder, 'identity/registration-token'))).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
