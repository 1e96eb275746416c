import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { askAs, newPerson, newUser, PERSON_PASSWORD, signInAs, withToken, type Person } from '../../testing/people.ts';
import { auditOf, sql } from '../../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let adminId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  adminId = (await manager.signIn()).user.id;
});
beforeEach(() => manager.signIn());
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const user = (id: string) => manager.call('GET', `/api/v1/users/${id}`);
const update = (id: string, change: object, revision: string | number = 1) =>
  manager.call('PATCH', `/api/v1/users/${id}`, change, { 'if-match': `"${revision}"` });
const session = async (person: Person) => (await askAs(manager, person, 'GET', '/api/v1/session')).status;
const signInCode = async (username: string, password = PERSON_PASSWORD) =>
  (await signInAs(manager, username, password)).body.code as string;

describe('creating a user', () => {
  it('shows a one-time password once, which opens nothing but the choice of an own one', async () => {
    const created = await manager.call('POST', '/api/v1/users', { username: 'Alice' });
    expect(created.status).toBe(201);
    expect(created.body.user).toMatchObject({ username: 'alice', role: 'user', state: 'active', password_change_required: true });
    const oneTime = created.body.one_time_password as string;
    expect(oneTime).toMatch(/^([2-9a-km-np-z]{4}-){4}[2-9a-km-np-z]{4}$/);
    expect(JSON.stringify((await user(created.body.user.id)).body)).not.toContain(oneTime);
    expect(manager.logLines.join('')).not.toContain(oneTime);

    const signedIn = await signInAs(manager, 'alice', oneTime);
    expect(signedIn.body).toMatchObject({ password_change_required: true });
    for (const [method, path] of [
      ['GET', '/api/v1/releases/tidegate-edge'],
      ['GET', '/api/v1/account/tokens'],
      ['POST', '/api/v1/account/tokens'],
    ] as const)
      expect((await askAs(manager, signedIn.person, method, path)).body.code).toBe('password_change_required');
    const changed = await askAs(manager, signedIn.person, 'PUT', '/api/v1/account/password', {
      old_password: oneTime,
      new_password: PERSON_PASSWORD,
    });
    expect(changed.body).toMatchObject({ password_change_required: false });
    expect(await signInCode('alice', oneTime)).toBe('credentials_invalid');
    expect((await signInAs(manager, 'alice')).body).toMatchObject({ password_change_required: false });
  });

  it('gives a one-time password that ends after seven days, which only its owner is told', async () => {
    const { body } = await manager.call('POST', '/api/v1/users', { username: 'late' });
    const [row] = await sql<{ one_time_until: Date }>(database.url, 'SELECT one_time_until FROM users WHERE id = $1', [body.user.id]);
    expect(row?.one_time_until.getTime()).toBe(manager.clock.now().getTime() + 7 * 86_400_000);
    // A week of the manager's own periodic acts would take seconds.
    await sql(database.url, 'UPDATE users SET one_time_until = $2 WHERE id = $1', [body.user.id, manager.clock.now()]);
    expect(await signInCode('late', body.one_time_password)).toBe('one_time_password_expired');
    expect(await signInCode('late', 'a wrong password')).toBe('credentials_invalid');
  });

  it('refuses a name that is taken, in any case', async () => {
    await newUser(manager, 'user', { username: 'taken' });
    expect((await manager.call('POST', '/api/v1/users', { username: 'TAKEN' })).body).toMatchObject({
      status: 409,
      code: 'user_name_taken',
    });
  });

  it.each([
    ['a name with a space', { username: 'a b' }, 'username'],
    ['a name with a line break', { username: 'a\nb' }, 'username'],
    ['a name that looks like a token in the audit trail', { username: 'a(token' }, 'username'],
    ['a name that is too long', { username: 'a'.repeat(65) }, 'username'],
    ['a short password', { username: 'ok', password: 'short' }, 'password'],
    ['a password over its limit', { username: 'ok', password: 'x'.repeat(257) }, 'password'],
    ['a role that is none', { username: 'ok', role: 'admin' }, 'role'],
    ['a time that is none', { username: 'ok', expires_at: 'tomorrow' }, 'expires_at'],
    ['a field that it does not have', { username: 'ok', password_hash: 'x' }, 'password_hash'],
    ['an id of the caller’s choice', { username: 'ok', id: '00000000-0000-4000-8000-000000000000' }, 'id'],
  ])('refuses %s', async (_, body, field) => {
    const answer = await manager.call('POST', '/api/v1/users', body);
    expect(answer.body).toMatchObject({ status: 400, code: 'request_invalid', fields: [{ path: field }] });
  });
});

describe('the list of users', () => {
  it('is filtered and paged by name', async () => {
    for (const name of ['list-b', 'list-a', 'list-c']) await newUser(manager, 'user', { username: name });
    const list = async (query: string) => (await manager.call('GET', `/api/v1/users?${query}`)).body;
    const first = await list('search=LIST-&limit=2');
    expect(first.items.map((item: { username: string }) => item.username)).toEqual(['list-a', 'list-b']);
    const second = await list(`search=list-&limit=2&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ items: [{ username: 'list-c' }], next_cursor: null });
    await update(second.items[0].id, { disabled: true });
    expect((await list('state=disabled&search=list-')).items).toHaveLength(1);
    expect((await list('role=super_admin')).items.map((item: { username: string }) => item.username)).toContain('admin');
    expect((await list('search=%25')).items).toEqual([]);
  });

  it.each(['cursor=x', 'cursor=eyJpZCI6MX0', 'limit=501', 'state=asleep', 'order=name'])('refuses ?%s', async (query) => {
    expect((await manager.call('GET', `/api/v1/users?${query}`)).body).toMatchObject({ status: 400, code: 'request_invalid' });
  });
});

describe('changing a user', () => {
  it('needs the revision that was read', async () => {
    const { id } = await newUser(manager);
    expect((await user(id)).headers['etag']).toBe('"1"');
    expect((await manager.call('PATCH', `/api/v1/users/${id}`, { disabled: true })).body).toMatchObject({
      status: 428,
      code: 'revision_required',
    });
    expect((await update(id, { disabled: true })).headers['etag']).toBe('"2"');
    expect((await update(id, { disabled: false })).body).toMatchObject({ status: 412, code: 'revision_stale' });
    expect((await user(id)).body).toMatchObject({ disabled: true, state: 'disabled', revision: 2 });
  });

  it('ends everything of a disabled user at once, and says why only to whoever knows the password', async () => {
    const person = await newPerson(manager);
    const token = await withToken(manager, person, ['read']);
    expect([await session(person), await session(token)]).toEqual([200, 200]);
    await update(person.id, { disabled: true });
    expect([await session(person), await session(token)]).toEqual([401, 401]);
    expect(await signInCode(person.username)).toBe('account_disabled');
    expect(await signInCode(person.username, 'a wrong password')).toBe('credentials_invalid');
    await update(person.id, { disabled: false }, 2);
    expect([await session(person), await session(token)]).toEqual([401, 200]);
    expect((await signInAs(manager, person.username)).status).toBe(200);
  });

  it('ends everything of a temporary user when the time has come', async () => {
    const expiresAt = new Date(manager.clock.now().getTime() + 3_600_000).toISOString();
    const { id, username } = await newUser(manager, 'user', { expires_at: expiresAt });
    const { person, body } = await signInAs(manager, username);
    expect(body.expires_at).toBe(expiresAt);
    const token = await withToken(manager, person, ['read']);
    manager.clock.advance(3_599_000);
    expect([await session(person), await session(token)]).toEqual([200, 200]);
    manager.clock.advance(1000);
    expect([await session(person), await session(token)]).toEqual([401, 401]);
    expect(await signInCode(username)).toBe('account_expired');
    expect(await signInCode(username, 'a wrong password')).toBe('credentials_invalid');
    expect((await user(id)).body).toMatchObject({ state: 'expired' });
    await update(id, { expires_at: null });
    expect((await signInAs(manager, username)).status).toBe(200);
  });

  it('ends the sessions of whoever gets another role', async () => {
    const person = await newPerson(manager);
    await update(person.id, { role: 'super_admin' });
    expect(await session(person)).toBe(401);
    const again = (await signInAs(manager, person.username)).person;
    expect((await askAs(manager, again, 'GET', '/api/v1/users')).status).toBe(200);
  });

  it('keeps before and after in the audit trail', async () => {
    const { id, username } = await newUser(manager);
    await update(id, { role: 'super_admin' });
    const [created, changed] = await auditOf(database.url, id);
    expect(created).toMatchObject({ actor: 'admin', action: 'user.create', details: { username, role: 'user' } });
    expect(changed).toMatchObject({
      actor: 'admin',
      action: 'user.update',
      address: '127.0.0.1',
      details: { before: { role: 'user', disabled: false }, after: { role: 'super_admin', disabled: false } },
    });
  });
});

describe('the last super_admin', () => {
  it.each([
    ['disabled', () => update(adminId, { disabled: true }, '1')],
    ['demoted', () => update(adminId, { role: 'user' }, '1')],
    ['made temporary', () => update(adminId, { expires_at: '2030-01-01T00:00:00Z' }, '1')],
    ['removed', () => manager.call('DELETE', `/api/v1/users/${adminId}`)],
  ])('cannot be %s', async (_, act) => {
    const { body } = await manager.call('GET', '/api/v1/users?role=super_admin');
    for (const other of body.items as { id: string }[]) if (other.id !== adminId) await manager.call('DELETE', `/api/v1/users/${other.id}`);
    expect((await act()).body).toMatchObject({ status: 409, code: 'last_super_admin' });
  });

  it('cannot be lost by two who take the role from each other at the same moment', async () => {
    const { id: otherId } = await newPerson(manager, 'super_admin');
    // Asked by a third one, whose session no answer ends; being temporary, they do not count.
    const until = new Date(manager.clock.now().getTime() + 3_600_000).toISOString();
    const third = (await signInAs(manager, (await newUser(manager, 'super_admin', { expires_at: until })).username)).person;
    const demote = (id: string) => askAs(manager, third, 'PATCH', `/api/v1/users/${id}`, { role: 'user' }, { 'if-match': '"1"' });
    const acts = await Promise.all([demote(adminId), demote(otherId)]);
    const roles = await sql<{ role: string }>(database.url, 'SELECT role FROM users WHERE id = ANY ($1::uuid[])', [[adminId, otherId]]);
    await sql(database.url, `UPDATE users SET role = 'super_admin', revision = 1 WHERE id = $1`, [adminId]);
    expect(roles.map((row) => row.role).toSorted()).toEqual(['super_admin', 'user']);
    expect(acts.map((answer) => answer.body.code as string | undefined)).toContain('last_super_admin');
  });
});

describe('an administrator', () => {
  it('removes a user, whose sessions and tokens end at once and whose name becomes free', async () => {
    const person = await newPerson(manager);
    const token = await withToken(manager, person, ['read']);
    expect((await manager.call('DELETE', `/api/v1/users/${person.id}`)).status).toBe(204);
    expect([await session(person), await session(token)]).toEqual([401, 401]);
    expect(await signInCode(person.username)).toBe('credentials_invalid');
    expect((await user(person.id)).body.code).toBe('user_not_found');
    expect((await manager.call('DELETE', `/api/v1/users/${person.id}`)).body.code).toBe('user_not_found');
    await newUser(manager, 'user', { username: person.username });
  });

  it('resets a password: the old one and all sessions end, API tokens stay', async () => {
    const person = await newPerson(manager);
    const token = await withToken(manager, person, ['read']);
    const { body } = await manager.call('POST', `/api/v1/users/${person.id}/password-reset`);
    expect([await session(person), await session(token)]).toEqual([401, 200]);
    expect(await signInCode(person.username)).toBe('credentials_invalid');
    expect((await signInAs(manager, person.username, body.one_time_password)).body).toMatchObject({ password_change_required: true });
    const rows = await auditOf(database.url, person.id);
    expect(rows.at(-2)).toMatchObject({ action: 'user.sign_in_failed' });
    expect(rows.find((row) => row.action === 'user.password_reset')).toMatchObject({ actor: 'admin', details: { sessions_ended: 1 } });
    expect(JSON.stringify(rows)).not.toContain(body.one_time_password);
  });

  it('lifts a lock', async () => {
    const { id, username } = await newUser(manager);
    for (let failure = 0; failure < 5; failure += 1) await signInCode(username, 'wrong');
    expect(await signInCode(username)).toBe('account_locked');
    expect((await user(id)).body.locked_until).toEqual(expect.any(String));
    expect((await manager.call('POST', `/api/v1/users/${id}/unlock`)).status).toBe(204);
    expect((await signInAs(manager, username)).status).toBe(200);
  });

  it('ends a user’s sessions, and lists and revokes their tokens', async () => {
    const person = await newPerson(manager);
    const token = await withToken(manager, person, ['read', 'read', 'operate'], { name: 'ci' });
    expect((await manager.call('DELETE', `/api/v1/users/${person.id}/sessions`)).status).toBe(204);
    expect(await session(person)).toBe(401);
    const { body } = await manager.call('GET', `/api/v1/users/${person.id}/tokens`);
    expect(body.items).toMatchObject([{ id: token.tokenId, name: 'ci', scopes: ['read', 'operate'] }]);
    const other = await newUser(manager);
    expect((await manager.call('DELETE', `/api/v1/users/${other.id}/tokens/${token.tokenId}`)).body.code).toBe('api_token_not_found');
    expect((await manager.call('DELETE', `/api/v1/users/${person.id}/tokens/${token.tokenId}`)).status).toBe(204);
    expect(await session(token)).toBe(401);
  });

  it.each(['not-an-id', '00000000-0000-4000-8000-000000000000'])('is told that there is no user %s', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/unlock'],
      ['POST', '/password-reset'],
      ['DELETE', '/sessions'],
      ['GET', '/tokens'],
    ] as const)
      expect((await manager.call(method, `/api/v1/users/${id}${path}`)).body).toMatchObject({ status: 404, code: 'user_not_found' });
  });
});
