import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { KeyRing } from '../../platform/index.ts';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { OidcBrowser } from '../../testing/oidc-browser.ts';
import { CLIENT_SECRET, OidcWorld } from '../../testing/oidc-world.ts';
import { makeMember, newGroup, newUser } from '../../testing/people.ts';
import { auditOf, sql } from '../../testing/sql.ts';

const ROLE_MAP = [
  { value: 'plant-ops', group: 'plant', role: 'operator' },
  { value: 'plant-leads', group: 'plant', role: 'admin' },
  { value: 'lab', group: 'lab', role: 'viewer' },
  { value: 'gone', group: 'a group that is not there', role: 'admin' },
  { value: 'root', platform_role: 'super_admin' },
];

let database: TestDatabase;
let world: OidcWorld;
let manager: ManagerUnderTest;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await OidcWorld.start();
  const secrets = { key_file: join(world.folder, 'secrets.key'), previous_key_files: [] };
  await writeFile(secrets.key_file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  const ring = await KeyRing.load({ data_dir: world.folder, secrets });
  // Here the client's secret is sealed in the configuration.
  const client = { client_secret_file: undefined, client_secret: ring?.seal(CLIENT_SECRET, 'oidc.client_secret') };
  const config = world.config({ allow_create: true, role_map: ROLE_MAP, ...client });
  manager = await ManagerUnderTest.start({ database_url: database.url, secrets, ...config });
  await manager.signIn();
  for (const name of ['plant', 'lab']) await newGroup(manager, name);
});
beforeEach(async () => {
  manager.clock.advance(61_000);
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await world.dispose();
  await database.stop();
});

const names = () => ({ subject: `subject-${(made += 1)}`, username: `new-${made}` });
const userNamed = async (username: string) => (await manager.call('GET', `/api/v1/users?search=${username}`)).body.items[0];
const groupNamed = async (name: string): Promise<string> => (await manager.call('GET', `/api/v1/groups?search=${name}`)).body.items[0].id;
const rolesOf = async (username: string) =>
  Object.fromEntries((await userNamed(username)).memberships.map((item: { group: string; role: string }) => [item.group, item.role]));
/** Signs in with these groups, as somebody new or again. */
async function signInWith(subject: string, username: string, groups: unknown) {
  await world.knows(subject, { preferred_username: username, ...(groups !== undefined && { groups }) });
  const browser = new OidcBrowser(world.origin, subject);
  return { browser, ...(await browser.signIn()) };
}

describe('somebody whom only the provider knows', () => {
  it('gets an account of the name that the claim gives, without any rights', async () => {
    const { subject, username } = names();
    expect(await signInWith(subject, username.toUpperCase(), [])).toMatchObject({ error: null });
    const user = await userNamed(username);
    expect(user).toMatchObject({ username, role: 'user', memberships: [], password_change_required: false });
    expect((await auditOf(database.url, user.id)).map(({ action }) => action)).toEqual(['user.create', 'user.sign_in']);
    // The second time it is the same account.
    await signInWith(subject, 'another-name', []);
    expect((await auditOf(database.url, user.id)).map(({ action }) => action)).toEqual(['user.create', 'user.sign_in', 'user.sign_in']);
    expect(await userNamed('another-name')).toBeUndefined();
  });

  it.each([
    ['the name of an account that is there', 'admin'],
    ['its name in other letters', 'ADMIN'],
    ['a name with spaces', 'admin (token x)'],
    ['no name', ''],
    ['a name beyond the limit', 'x'.repeat(65)],
  ])('gets none by %s', async (_what, username) => {
    const { subject } = names();
    expect(await signInWith(subject, username, ['root'])).toMatchObject({ error: 'oidc_user_name_unusable' });
    expect(await sql(database.url, 'SELECT 1 FROM oidc_identities WHERE subject = $1', [subject])).toEqual([]);
  });

  it('gets one account, however many of their pages sign in at once', async () => {
    const { subject, username } = names();
    await world.knows(subject, { preferred_username: username });
    const browsers = Array.from({ length: 4 }, () => new OidcBrowser(world.origin, subject));
    const callbacks = await Promise.all(browsers.map((browser) => browser.callback()));
    const ends = await Promise.all(browsers.map((browser, index) => browser.finish(callbacks[index]?.href ?? '')));
    expect(ends.some(({ error }) => error === null)).toBe(true);
    expect(await sql(database.url, 'SELECT 1 FROM users WHERE username = $1', [username])).toHaveLength(1);
  });
});

describe('groups of the provider', () => {
  it('become memberships at each sign-in, and cease to be', async () => {
    const { subject, username } = names();
    const steps: [unknown, object][] = [
      [['plant-ops', 'lab', 'gone', 'unmapped'], { plant: 'operator', lab: 'viewer' }],
      [['plant-ops', 'plant-leads'], { plant: 'admin' }],
      ['lab', { lab: 'viewer' }],
      [['PLANT-OPS', 7, { plant: true }], {}],
      [['plant-ops'], { plant: 'operator' }],
      // A provider that says nothing any more takes away as well.
      [undefined, {}],
    ];
    for (const [groups, roles] of steps) {
      await signInWith(subject, username, groups);
      expect(await rolesOf(username)).toEqual(roles);
    }
    const rows = await auditOf(database.url, await groupNamed('plant'));
    const own = rows.filter(({ details }) => details['username'] === username);
    expect(own.map(({ actor, action, details }) => [actor, action, details['before'], details['after']])).toEqual([
      ['system', 'group.member.put', null, { role: 'operator', node_ids: null }],
      ['system', 'group.member.put', { role: 'operator', node_ids: null }, { role: 'admin', node_ids: null }],
      ['system', 'group.member.remove', { role: 'admin', node_ids: null }, null],
      ['system', 'group.member.put', null, { role: 'operator', node_ids: null }],
      ['system', 'group.member.remove', { role: 'operator', node_ids: null }, null],
    ]);
  });

  it('leave memberships alone that people made, also those that a person made of a mapped one', async () => {
    const { subject, username } = names();
    await signInWith(subject, username, ['plant-ops']);
    const [plant, lab] = [await groupNamed('plant'), await groupNamed('lab')];
    await makeMember(manager, lab, username, 'admin');
    await makeMember(manager, plant, username, 'viewer');
    await signInWith(subject, username, ['plant-leads', 'lab']);
    expect(await rolesOf(username)).toEqual({ plant: 'viewer', lab: 'admin' });
    await signInWith(subject, username, []);
    expect(await rolesOf(username)).toEqual({ plant: 'viewer', lab: 'admin' });
  });

  it('reach open sessions: what is taken away at one sign-in is gone for all of them', async () => {
    const { subject, username } = names();
    const { browser } = await signInWith(subject, username, ['lab']);
    const groups = async () => (await browser.ask('/api/v1/groups')).status;
    expect(await groups()).toBe(200);
    await signInWith(subject, username, []);
    expect(await groups()).toBe(403);
  });
});

describe('the role on the platform', () => {
  it('comes and goes with the claim, and ends the sessions from before', async () => {
    const { subject, username } = names();
    const { browser } = await signInWith(subject, username, []);
    await signInWith(subject, username, ['root']);
    expect((await userNamed(username)).role).toBe('super_admin');
    expect((await browser.ask('/api/v1/session')).status).toBe(401);
    const { browser: asRoot } = await signInWith(subject, username, ['root']);
    await signInWith(subject, username, []);
    expect((await userNamed(username)).role).toBe('user');
    expect((await asRoot.ask('/api/v1/session')).status).toBe(401);
    const changes = (await auditOf(database.url, (await userNamed(username)).id)).filter(({ action }) => action === 'user.update');
    expect(changes.map(({ actor, details }) => [actor, details['before'], details['after']])).toEqual([
      ['system', { role: 'user' }, { role: 'super_admin' }],
      ['system', { role: 'super_admin' }, { role: 'user' }],
    ]);
  });

  it('that a person gave stays', async () => {
    const { subject, username } = names();
    await signInWith(subject, username, []);
    const { id, revision } = await userNamed(username);
    await manager.call('PATCH', `/api/v1/users/${id}`, { role: 'super_admin' }, { 'if-match': `"${revision}"` });
    await signInWith(subject, username, []);
    expect((await userNamed(username)).role).toBe('super_admin');
  });

  it('stays with the last lasting super_admin, whatever the claims say', async () => {
    const { subject, username } = names();
    await signInWith(subject, username, ['root']);
    // Behind the API, which would refuse it for as long as the break-glass account is there.
    await sql(database.url, `UPDATE users SET expires_at = now() + interval '10 years' WHERE role = 'super_admin' AND username <> $1`, [
      username,
    ]);
    await signInWith(subject, username, []);
    expect((await userNamed(username)).role).toBe('super_admin');
    await sql(database.url, `UPDATE users SET expires_at = NULL WHERE username = 'admin'`);
    await signInWith(subject, username, []);
    expect((await userNamed(username)).role).toBe('user');
  });

  it('is not for an account that a person disabled', async () => {
    const user = await newUser(manager);
    const { subject } = names();
    await manager.call('POST', `/api/v1/users/${user.id}/identities`, { subject });
    await manager.call('PATCH', `/api/v1/users/${user.id}`, { disabled: true }, { 'if-match': '"1"' });
    expect(await signInWith(subject, user.username, ['root', 'lab'])).toMatchObject({ error: 'account_disabled' });
    expect(await userNamed(user.username)).toMatchObject({ role: 'user', memberships: [] });
  });
});
