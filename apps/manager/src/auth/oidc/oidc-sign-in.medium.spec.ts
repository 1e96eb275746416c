import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { OidcBrowser } from '../../testing/oidc-browser.ts';
import { CLIENT_SECRET, OidcWorld } from '../../testing/oidc-world.ts';
import { makeMember, newGroup, newUser, PERSON_PASSWORD, signInAs } from '../../testing/people.ts';
import { auditOf } from '../../testing/sql.ts';

let database: TestDatabase;
let world: OidcWorld;
let manager: ManagerUnderTest;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await OidcWorld.start();
  manager = await ManagerUnderTest.start({ database_url: database.url, ...world.config() });
});
beforeEach(async () => {
  world.line = 'open';
  world.tamper = null;
  manager.clock.advance(61_000);
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await world.dispose();
  await database.stop();
});

/** Somebody whom the provider knows. */
async function person(claims: object = {}): Promise<{ login: string; browser: OidcBrowser }> {
  const login = `subject-${(made += 1)}`;
  await world.knows(login, claims);
  return { login, browser: new OidcBrowser(world.origin, login) };
}
const link = (userId: string, subject: string) => manager.call('POST', `/api/v1/users/${userId}/identities`, { subject });
/** A user of ours whom the provider knows, linked. */
async function linked(claims: object = {}) {
  const user = await newUser(manager);
  const known = await person(claims);
  expect((await link(user.id, known.login)).status).toBe(201);
  return { user, ...known };
}
const session = async (browser: OidcBrowser) => {
  const response = await browser.ask('/api/v1/session', { headers: { accept: 'application/json' } });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as Answer of the manager under test
  return { status: response.status, body: (await response.json()) as any };
};

describe('the ways to sign in', () => {
  it('are told to everybody, with the name of the provider and nothing more', async () => {
    const { body } = await manager.call('GET', '/api/v1/session/methods');
    expect(body).toEqual({ oidc: { name: 'Harbour ID', signs_out: false } });
  });
});

describe('a sign-in by the provider', () => {
  it('is refused to somebody who is linked to no account, and named in the audit trail so that they can be linked', async () => {
    const { login, browser } = await person({ preferred_username: 'admin', email: 'admin@example.org' });
    expect(await browser.signIn()).toMatchObject({ status: 302, error: 'oidc_account_unknown' });
    expect((await session(browser)).status).toBe(401);
    expect((await auditOf(database.url, 'unknown')).at(-1)).toMatchObject({
      action: 'user.sign_in_failed',
      address: '127.0.0.1',
      details: { method: 'oidc', reason: 'oidc_account_unknown', issuer: world.issuer, subject: login },
    });
  });

  it('opens a session of the linked account and leads back to where its person wanted to go', async () => {
    const { user, login, browser } = await linked();
    expect(await browser.signIn('/admin/nodes?badge=updated#top')).toEqual({
      status: 302,
      to: '/admin/nodes?badge=updated#top',
      error: null,
    });
    expect((await session(browser)).body).toMatchObject({ user: { id: user.id, username: user.username }, via: 'session', method: 'oidc' });
    const sessions = await browser.ask('/api/v1/account/sessions');
    expect(await sessions.json()).toMatchObject({ items: [{ method: 'oidc', current: true }] });
    expect((await auditOf(database.url, user.id)).at(-1)).toMatchObject({
      actor: user.username,
      action: 'user.sign_in',
      details: { method: 'oidc', issuer: world.issuer, subject: login },
    });
    const { body } = await manager.call('GET', `/api/v1/users/${user.id}/identities`);
    expect(body.items).toMatchObject([{ issuer: world.issuer, subject: login, last_used_at: manager.clock.now().toISOString() }]);
    // The state is used up, and no verifier lies around.
    expect(Object.keys(browser.cookies())).toEqual([`tidegate-${manager.port}`]);
  });

  it('says of password sessions that they are such', async () => {
    const { body } = await manager.call('GET', '/api/v1/account/sessions');
    expect(new Set(body.items.map((item: { method: string }) => item.method))).toEqual(new Set(['password']));
  });

  it('asks nobody for a one-time password that an administrator once gave', async () => {
    const { body } = await manager.call('POST', '/api/v1/users', { username: 'never-signed-in' });
    const { login, browser } = await person();
    await link(body.user.id, login);
    await browser.signIn();
    expect((await session(browser)).body).toMatchObject({ password_change_required: false });
  });

  it('is refused to a disabled account', async () => {
    const { user, browser } = await linked();
    await manager.call('PATCH', `/api/v1/users/${user.id}`, { disabled: true }, { 'if-match': '"1"' });
    expect(await browser.signIn()).toMatchObject({ error: 'account_disabled' });
    expect((await session(browser)).status).toBe(401);
  });

  it('ends on the sign-in page when its person aborts it at the provider', async () => {
    const { browser } = await linked();
    const back = await browser.finish(await browser.atProvider(await browser.begin('/admin/events'), 'aborts'));
    expect(back).toEqual({ status: 302, to: '/sign-in?error=oidc_denied&from=%2Fadmin%2Fevents', error: 'oidc_denied' });
    expect((await auditOf(database.url, 'unknown')).at(-1)?.details).toEqual({
      method: 'oidc',
      reason: 'oidc_denied',
      error: 'access_denied',
    });
  });

  it('needs the client’s secret, which can be exchanged without a restart', async () => {
    const { browser } = await linked();
    const file = join(world.folder, 'client-secret');
    await writeFile(file, 'another');
    expect(await browser.signIn()).toMatchObject({ error: 'oidc_response_invalid' });
    await rm(file);
    expect(await browser.begin()).toBe('/sign-in?error=oidc_unavailable&from=%2F');
    await writeFile(file, CLIENT_SECRET);
    expect(await browser.signIn()).toMatchObject({ error: null });
  });

  it('ends at the provider too, where its person asks for that', async () => {
    const { browser } = await linked();
    const to = new URL((await browser.ask('/api/v1/session/oidc/sign-out')).headers.get('location') ?? '');
    expect([to.origin, to.pathname]).toEqual([world.issuer, '/session/end']);
    expect(Object.fromEntries(to.searchParams)).toEqual({ client_id: 'tidegate', post_logout_redirect_uri: `${world.origin}/sign-in` });
  });
});

describe('identities', () => {
  it('are linked once, and unlinked with the sessions that a provider opened', async () => {
    const { user, login, browser } = await linked();
    const other = await newUser(manager);
    expect((await link(other.id, login)).body).toMatchObject({ status: 409, code: 'oidc_identity_taken' });
    await browser.signIn();
    const byPassword = await signInAs(manager, user.username, PERSON_PASSWORD);
    expect(byPassword.status).toBe(200);
    const [identity] = (await manager.call('GET', `/api/v1/users/${user.id}/identities`)).body.items;
    const path = `/api/v1/users/${user.id}/identities/${identity.id}`;
    expect((await manager.call('DELETE', `/api/v1/users/${other.id}/identities/${identity.id}`)).body.code).toBe('oidc_identity_not_found');
    expect((await manager.call('DELETE', path)).status).toBe(204);
    expect((await manager.call('DELETE', path)).body.code).toBe('oidc_identity_not_found');
    expect((await session(browser)).status).toBe(401);
    expect(await browser.signIn()).toMatchObject({ error: 'oidc_account_unknown' });
    const acts = (await auditOf(database.url, user.id)).filter(({ action }) => action.startsWith('user.identity'));
    expect(acts).toMatchObject([
      { actor: 'admin', action: 'user.identity_link', details: { issuer: world.issuer, subject: login } },
      { actor: 'admin', action: 'user.identity_unlink', details: { issuer: world.issuer, subject: login, sessions_ended: 1 } },
    ]);
  });

  it('of another issuer do not open the account of the same subject', async () => {
    const user = await newUser(manager);
    const { login, browser } = await person();
    const elsewhere = { issuer: 'https://other.example', subject: login };
    expect((await manager.call('POST', `/api/v1/users/${user.id}/identities`, elsewhere)).status).toBe(201);
    expect(await browser.signIn()).toMatchObject({ error: 'oidc_account_unknown' });
  });

  it.each([
    ['an empty subject', { subject: '' }],
    ['a line break', { subject: 'a\nb' }],
    ['an issuer that is no address', { subject: 'a', issuer: 'here' }],
    ['an account of its own choice', { subject: 'a', user_id: 'x' }],
  ])('are refused with %s', async (_what, body) => {
    const { id } = await newUser(manager);
    expect((await manager.call('POST', `/api/v1/users/${id}/identities`, body)).body.code).toBe('request_invalid');
  });
});

describe('a provider that is away', () => {
  const backAgain = async () => {
    world.line = 'open';
    world.tamper = null;
    manager.clock.advance(6000);
    const { browser } = await linked();
    expect(await browser.signIn()).toMatchObject({ error: null });
  };
  /** Metadata is a good hour old: it is asked for again. */
  const afterAnHour = async () => {
    for (let minutes = 0; minutes <= 61; minutes += 1) manager.clock.advance(60_000);
    await manager.untilReady(200);
    await manager.signIn();
  };

  it.each([
    ['does not answer', () => (world.line = 'hangs')],
    ['is not there', () => (world.line = 'cut')],
    ['answers with an error', () => (world.tamper = (_path, answer) => ({ ...answer, status: 503 }))],
    ['answers without end', () => (world.tamper = (_path, answer) => ({ ...answer, body: `{"a":"${'x'.repeat(1_100_000)}"}` }))],
    ['leads elsewhere', () => (world.tamper = (_path, answer) => ({ ...answer, status: 302, headers: { location: 'http://127.0.0.1/' } }))],
    [
      'answers with a page',
      () => (world.tamper = (_path, answer) => ({ ...answer, headers: { 'content-type': 'text/html' }, body: '<p>Welcome' })),
    ],
  ])('and %s is said on the sign-in page, where passwords still work', async (_what, fail) => {
    await afterAnHour();
    fail();
    const browser = new OidcBrowser(world.origin, 'nobody');
    expect(await browser.begin('/account')).toBe('/sign-in?error=oidc_unavailable&from=%2Faccount');
    world.asked();
    for (let count = 0; count < 10; count += 1) await browser.begin();
    // Ten who try in one moment are one question.
    expect(world.asked()).toEqual([]);
    await manager.signIn();
    await backAgain();
  });

  it('and goes away between there and back leaves no session', async () => {
    const { browser } = await linked();
    const callback = await browser.callback();
    world.line = 'cut';
    expect(await browser.finish(callback.href)).toMatchObject({ error: 'oidc_unavailable' });
    expect((await session(browser)).status).toBe(401);
    await backAgain();
  });
});

describe('claims', () => {
  const memberships = async (userId: string) =>
    Object.fromEntries(
      (await manager.call('GET', `/api/v1/users/${userId}`)).body.memberships.map((item: { group: string; role: string }) => [
        item.group,
        item.role,
      ]),
    );

  it('stand for nothing where the configuration maps none', async () => {
    const { user, browser } = await linked({ groups: ['admins', 'super_admin'] });
    const group = await newGroup(manager);
    await makeMember(manager, group.id, user.username, 'viewer');
    await browser.signIn();
    expect(await memberships(user.id)).toEqual({ [group.name]: 'viewer' });
    expect((await session(browser)).body.user.role).toBe('user');
  });
});
