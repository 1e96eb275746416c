import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { askAs, newPerson, newUser, PERSON_PASSWORD, signInAs, streamAs, withToken, type Person } from '../testing/people.ts';
import { auditOf } from '../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
});
beforeEach(async () => {
  manager.clock.advance(61_000);
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const NEW_PASSWORD = 'another long enough one';
const session = async (person: Person) => (await askAs(manager, person, 'GET', '/api/v1/session')).status;
const change = (person: Person, oldPassword: string, newPassword: string = NEW_PASSWORD) =>
  askAs(manager, person, 'PUT', '/api/v1/account/password', { old_password: oldPassword, new_password: newPassword });
const sessionsOf = async (person: Person) =>
  (await askAs(manager, person, 'GET', '/api/v1/account/sessions')).body.items as { id: string; current: boolean }[];

describe('changing the own password', () => {
  it('ends every session, also the cookie it was asked with, and opens a new one', async () => {
    const person = await newPerson(manager);
    const elsewhere = (await signInAs(manager, person.username)).person;
    const token = await withToken(manager, person, ['read']);
    const changed = await change(person, PERSON_PASSWORD);
    expect(changed.status).toBe(200);
    expect([await session(person), await session(elsewhere), await session(token)]).toEqual([401, 401, 200]);
    const cookie = (changed.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
    const renewed = { ...person, headers: { cookie, 'x-csrf-token': changed.body.csrf_token as string } };
    expect(await sessionsOf(renewed)).toHaveLength(1);
    expect((await signInAs(manager, person.username)).body.code).toBe('credentials_invalid');
    expect((await signInAs(manager, person.username, NEW_PASSWORD)).status).toBe(200);
    expect((await auditOf(database.url, person.id)).find((row) => row.action === 'user.password_change')).toMatchObject({
      actor: person.username,
      details: { other_sessions_ended: 1 },
    });
  });

  it('needs the old one, counts wrong ones as failed sign-ins, and keeps the session', async () => {
    const person = await newPerson(manager);
    for (let failure = 0; failure < 5; failure += 1)
      expect((await change(person, 'wrong')).body).toMatchObject({ status: 403, code: 'old_password_wrong' });
    expect((await change(person, PERSON_PASSWORD)).body.code).toBe('account_locked');
    expect((await signInAs(manager, person.username)).body.code).toBe('account_locked');
    expect(await session(person)).toBe(200);
  });

  it.each([
    ['too short', 'short', 'new_password'],
    ['too long', 'x'.repeat(257), 'new_password'],
    ['the old one', PERSON_PASSWORD, 'new_password'],
  ])('refuses one that is %s', async (_, password, field) => {
    const person = await newPerson(manager);
    expect((await change(person, PERSON_PASSWORD, password)).body).toMatchObject({ code: 'request_invalid', fields: [{ path: field }] });
  });
});

describe('own sessions', () => {
  it('are listed with where they are used from, and ended one by one or all the others', async () => {
    const person = await newPerson(manager);
    const laptop = (await signInAs(manager, person.username)).person;
    const phone = (await signInAs(manager, person.username)).person;
    const list = await sessionsOf(person);
    expect(list).toHaveLength(3);
    expect(list.filter((item) => item.current)).toMatchObject([{ address: '127.0.0.1', user_agent: null }]);
    const [itself] = (await sessionsOf(laptop)).filter((item) => item.current);
    const end = (id: string) => askAs(manager, person, 'DELETE', `/api/v1/account/sessions/${id}`);
    expect((await end(itself?.id ?? '')).status).toBe(204);
    expect((await end(itself?.id ?? '')).body.code).toBe('session_not_found');
    expect([await session(person), await session(laptop), await session(phone)]).toEqual([200, 401, 200]);
    expect((await askAs(manager, person, 'DELETE', '/api/v1/account/sessions')).status).toBe(204);
    expect([await session(person), await session(phone)]).toEqual([200, 401]);
  });

  it('are nobody else’s to end', async () => {
    const [person, other] = [await newPerson(manager), await newPerson(manager)];
    const [item] = await sessionsOf(other);
    const answer = await askAs(manager, person, 'DELETE', `/api/v1/account/sessions/${item?.id}`);
    expect(answer.body).toMatchObject({ status: 404, code: 'session_not_found' });
    expect(await session(other)).toBe(200);
  });

  it('are fifty at most: the oldest end', async () => {
    const { username } = await newUser(manager);
    const first = (await signInAs(manager, username)).person;
    manager.clock.advance(1000);
    let last = first;
    for (let count = 0; count < 50; count += 1) last = (await signInAs(manager, username)).person;
    expect([await session(first), await session(last)]).toEqual([401, 200]);
    expect(await sessionsOf(last)).toHaveLength(50);
  });

  it('of a browser that signs in again take the place of the one it had', async () => {
    const person = await newPerson(manager);
    const body = { username: person.username, password: PERSON_PASSWORD };
    expect((await askAs(manager, person, 'POST', '/api/v1/session', body)).status).toBe(200);
    expect(await session(person)).toBe(401);
  });

  it('become idle behind a page that is left open', async () => {
    const person = await newPerson(manager, 'super_admin');
    const { ended } = await streamAs(manager, person);
    // Nine minutes more than a session may be idle: it is looked at once a minute.
    for (let minute = 0; minute < 129; minute += 1) {
      manager.clock.advance(60_000);
      await new Promise((settle) => setImmediate(settle));
    }
    await ended;
    expect(await session(person)).toBe(401);
  });

  it('stop watching at once when they are ended', async () => {
    const person = await newPerson(manager, 'super_admin');
    const { ended } = await streamAs(manager, person);
    await manager.call('DELETE', `/api/v1/users/${person.id}/sessions`);
    await ended;
  });
});
