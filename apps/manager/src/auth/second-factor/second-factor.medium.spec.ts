import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SecondFactorSecret, SecondFactorView, SessionView } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest, PASSWORD, type Answer } from '../../testing/manager-under-test.ts';
import { askAs, newPerson, NOBODY, PERSON_PASSWORD, signInAs, withToken, type Person } from '../../testing/people.ts';
import { Authenticator, challengeOf, personWithFactor, turnOn } from '../../testing/second-factor.ts';
import { auditOf, sql } from '../../testing/sql.ts';

const OWN = '/api/v1/account/second-factor';
let database: TestDatabase;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
});
// Over the minute of a lock, and of what an address may fail.
beforeEach(async () => {
  manager.clock.advance(61_000);
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const complete = (challenge: string, proof: object): Promise<Answer> =>
  askAs(manager, NOBODY, 'POST', '/api/v1/session/second-factor', { challenge, ...proof });
const codeOf = ({ status, body }: Answer): [number, unknown] => [status, (body as { code?: unknown }).code];
const view = async (person: Person): Promise<SecondFactorView> => (await askAs(manager, person, 'GET', OWN)).body as SecondFactorView;

describe('turning a second factor on', () => {
  it('takes the password and a first code, shows ten recovery codes, and ends every other session', async () => {
    const person = await newPerson(manager);
    const other = (await signInAs(manager, person.username)).person;
    expect(await view(person)).toEqual({ on: false, since: null, recovery_codes_left: 0, required: false });
    const begun = await askAs(manager, person, 'POST', OWN, { password: PERSON_PASSWORD });
    const shown = begun.body as SecondFactorSecret;
    expect(shown.uri).toBe(`otpauth://totp/Tidegate:${person.username}?secret=${shown.secret}&issuer=Tidegate`);
    expect((await view(person)).on).toBe(false);
    const app = new Authenticator(manager, shown);
    expect(codeOf(await askAs(manager, person, 'PUT', OWN, { code: app.code(3) }))).toEqual([403, 'second_factor_wrong']);
    const confirmed = await askAs(manager, person, 'PUT', OWN, { code: app.code().replace(/^.../, '$& ') });
    const { recovery_codes: codes } = confirmed.body as { recovery_codes: string[] };
    expect([confirmed.status, new Set(codes).size]).toEqual([200, 10]);
    expect(codes[0]).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
    expect(await view(person)).toEqual({ on: true, since: manager.clock.now().toISOString(), recovery_codes_left: 10, required: false });
    expect(codeOf(await askAs(manager, other, 'GET', OWN))).toEqual([401, 'not_signed_in']);
    expect((await auditOf(database.url, person.id)).at(-1)).toMatchObject({
      action: 'user.second_factor_on',
      details: { other_sessions_ended: 1 },
    });
    expect(codeOf(await askAs(manager, person, 'POST', OWN, { password: PERSON_PASSWORD }))).toEqual([409, 'second_factor_on']);
    expect(codeOf(await askAs(manager, person, 'PUT', OWN, { code: app.code(1) }))).toEqual([409, 'second_factor_on']);
  });

  it('is refused with a wrong password, without a begun one, and to an API token', async () => {
    const person = await newPerson(manager);
    expect(codeOf(await askAs(manager, person, 'POST', OWN, { password: 'nope' }))).toEqual([403, 'old_password_wrong']);
    expect(codeOf(await askAs(manager, person, 'PUT', OWN, { code: '123456' }))).toEqual([409, 'second_factor_off']);
    const token = await withToken(manager, person, ['administer', 'operate', 'read']);
    expect(codeOf(await askAs(manager, token, 'POST', OWN, { password: PERSON_PASSWORD }))).toEqual([403, 'forbidden']);
  });

  it('leaves no secret in clear anywhere', async () => {
    const { person, app, recoveryCodes } = await personWithFactor(manager);
    const rows = await sql<{ text: string }>(
      database.url,
      `SELECT row_to_json(f)::text || row_to_json(r)::text AS text FROM second_factors f JOIN recovery_codes r USING (user_id) WHERE user_id = $1`,
      [person.id],
    );
    const audit = JSON.stringify(await auditOf(database.url, person.id));
    const all = rows.map(({ text }) => text).join() + audit + manager.logLines.join('');
    expect(rows).toHaveLength(10);
    for (const secret of [app.shown.secret, app.secret.toString('base64'), app.secret.toString('hex'), ...recoveryCodes])
      expect(all).not.toContain(secret);
    expect(rows[0]?.text).toContain('"sealed_secret":"enc:v1:');
  });

  it('in another account’s row opens nothing: the sealed secret is bound to its row', async () => {
    const [victim, attacker] = [await personWithFactor(manager), await personWithFactor(manager)];
    await sql(
      database.url,
      'UPDATE second_factors SET sealed_secret = (SELECT sealed_secret FROM second_factors WHERE user_id = $2) WHERE user_id = $1',
      [victim.person.id, attacker.person.id],
    );
    const challenge = await challengeOf(manager, victim.person.username);
    expect(codeOf(await complete(challenge, { code: attacker.app.code(1) }))).toEqual([500, 'secret_damaged']);
  });
});

describe('signing in with a second factor', () => {
  it('takes two steps, and the first one opens nothing', async () => {
    const { person, app } = await personWithFactor(manager);
    const first = await askAs(manager, NOBODY, 'POST', '/api/v1/session', { username: person.username, password: PERSON_PASSWORD });
    expect(first.body).toEqual({
      second_factor_required: true,
      challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      expires_at: new Date(manager.clock.now().getTime() + 300_000).toISOString(),
    });
    expect([first.status, first.headers['set-cookie']]).toEqual([200, undefined]);
    const { challenge } = first.body as { challenge: string };
    for (const headers of [{ cookie: `tidegate-${manager.port}=${challenge}` }, { authorization: `Bearer ${challenge}` }])
      expect((await askAs(manager, { ...NOBODY, headers }, 'GET', '/api/v1/session')).status).toBe(401);
    const second = await complete(challenge, { code: await app.next() });
    expect([second.status, (second.body as SessionView).user.username]).toEqual([200, person.username]);
    expect(second.headers['set-cookie']?.[0]).toContain('HttpOnly');
    const acts = await auditOf(database.url, person.id);
    expect(acts.at(-1)).toMatchObject({ action: 'user.sign_in', details: { method: 'password', second_factor: 'code' } });
    expect(codeOf(await complete(challenge, { code: await app.next() }))).toEqual([401, 'second_factor_challenge_invalid']);
  });

  it('takes a code once, also when it is sent twice at the same moment', async () => {
    const { person, app } = await personWithFactor(manager);
    const challenges = [await challengeOf(manager, person.username), await challengeOf(manager, person.username)];
    const code = await app.next();
    const answers = await Promise.all(challenges.map((challenge) => complete(challenge, { code })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    expect(codeOf(await complete(await challengeOf(manager, person.username), { code }))).toEqual([403, 'second_factor_wrong']);
  });

  it('takes a recovery code once instead, however it is typed', async () => {
    const { person, recoveryCodes } = await personWithFactor(manager);
    const typed = recoveryCodes[3]!.toUpperCase().replaceAll('-', ' ');
    expect((await complete(await challengeOf(manager, person.username), { recovery_code: typed })).status).toBe(200);
    expect((await auditOf(database.url, person.id)).at(-1)).toMatchObject({ details: { second_factor: 'recovery_code' } });
    const again = await complete(await challengeOf(manager, person.username), { recovery_code: recoveryCodes[3] });
    expect(codeOf(again)).toEqual([403, 'second_factor_wrong']);
    const [one, other] = [await personWithFactor(manager), await challengeOf(manager, person.username)];
    expect(codeOf(await complete(other, { recovery_code: one.recoveryCodes[0] }))).toEqual([403, 'second_factor_wrong']);
  });

  it('ends with five minutes', async () => {
    const { person, app } = await personWithFactor(manager);
    const challenge = await challengeOf(manager, person.username);
    manager.clock.advance(300_001);
    expect(codeOf(await complete(challenge, { code: app.code() }))).toEqual([401, 'second_factor_challenge_invalid']);
  });

  it('ends with five tries: each counts as a failed sign-in, so the name is locked, whatever the code then is', async () => {
    const { person, app } = await personWithFactor(manager);
    const challenge = await challengeOf(manager, person.username);
    for (let tries = 0; tries < 5; tries += 1)
      expect(codeOf(await complete(challenge, { code: app.code(9) }))).toEqual([403, 'second_factor_wrong']);
    expect(codeOf(await complete(challenge, { code: app.code(1) }))).toEqual([401, 'second_factor_challenge_invalid']);
    const locked = await askAs(manager, NOBODY, 'POST', '/api/v1/session', { username: person.username, password: PERSON_PASSWORD });
    expect(codeOf(locked)).toEqual([429, 'account_locked']);
    expect((await auditOf(database.url, person.id)).filter(({ action }) => action === 'user.sign_in_failed')).toHaveLength(5);
    manager.clock.advance(61_000);
    expect((await complete(await challengeOf(manager, person.username), { code: app.code() })).status).toBe(200);
  });

  it('that is tried from many challenges at once gets no more tries than one after the other', async () => {
    const { person, app } = await personWithFactor(manager);
    const challenges: string[] = [];
    for (let made = 0; made < 5; made += 1) challenges.push(await challengeOf(manager, person.username));
    const tries = challenges.flatMap((challenge) => Array.from({ length: 4 }, () => complete(challenge, { code: app.code(9) })));
    const codes = (await Promise.all(tries)).map((answer) => codeOf(answer)[1]);
    expect(codes.filter((code) => code === 'second_factor_wrong').length).toBe(5);
    expect(codes).toContain('account_locked');
  });

  it('is limited by address, and a flood of made-up challenges is refused unread', async () => {
    const codes = new Set<unknown>();
    for (let index = 0; index < 35; index += 1) codes.add(codeOf(await complete('x'.repeat(43), { code: '123456' }))[1]);
    expect([...codes]).toEqual(['second_factor_challenge_invalid', 'rate_limited']);
  });

  it('does not survive a new password, a disabled account, or a reset', async () => {
    const [changed, disabled, reset] = [await personWithFactor(manager), await personWithFactor(manager), await personWithFactor(manager)];
    const challenges = [];
    for (const { person } of [changed, disabled, reset]) challenges.push(await challengeOf(manager, person.username));
    await manager.call('POST', `/api/v1/users/${changed.person.id}/password-reset`);
    const { body } = await manager.call('GET', `/api/v1/users/${disabled.person.id}`);
    await manager.call('PATCH', `/api/v1/users/${disabled.person.id}`, { disabled: true }, { 'if-match': `"${body.revision}"` });
    await manager.call('DELETE', `/api/v1/users/${reset.person.id}/second-factor`);
    const codes = [];
    for (const [index, { app }] of [changed, disabled, reset].entries())
      codes.push(codeOf(await complete(challenges[index]!, { code: app.code(1) }))[1]);
    expect(codes).toEqual(['second_factor_challenge_invalid', 'account_disabled', 'second_factor_challenge_invalid']);
  });

  it.each([
    [{}],
    [{ code: '123456', recovery_code: 'aaaa-bbbb-cccc-dddd' }],
    [{ code: '12345' }],
    [{ code: '123456', user_id: 'x' }],
    [{ recovery_code: 'short' }],
  ])('does not understand %j', async (proof) => {
    expect(codeOf(await complete('x'.repeat(43), proof))).toEqual([400, 'request_invalid']);
  });

  it('does not concern API tokens', async () => {
    const person = await newPerson(manager);
    const token = await withToken(manager, person, ['read']);
    await turnOn(manager, person);
    expect((await askAs(manager, token, 'GET', '/api/v1/session')).status).toBe(200);
  });
});

describe('turning it off', () => {
  it('takes the password and a code; a wrong one counts as a failed sign-in', async () => {
    const { person, app } = await personWithFactor(manager);
    const remove = (body: object) => askAs(manager, person, 'POST', `${OWN}/removal`, body);
    expect(codeOf(await remove({ password: 'nope', code: app.code(1) }))).toEqual([403, 'old_password_wrong']);
    expect(codeOf(await remove({ password: PERSON_PASSWORD, code: app.code() }))).toEqual([403, 'second_factor_wrong']);
    expect(await sql(database.url, 'SELECT failures FROM sign_in_failures WHERE username = $1', [person.username])).toEqual([
      { failures: 2 },
    ]);
    expect((await remove({ password: PERSON_PASSWORD, code: app.code(1) })).status).toBe(204);
    expect((await signInAs(manager, person.username)).status).toBe(200);
    expect(await view(person)).toMatchObject({ on: false, recovery_codes_left: 0 });
    expect(codeOf(await remove({ password: PERSON_PASSWORD, code: app.code(1) }))).toEqual([409, 'second_factor_off']);
    expect((await auditOf(database.url, person.id)).map(({ action }) => action)).toContain('user.second_factor_off');
  });

  it('can be done by an administrator, who sees of whom it is on; the user’s sessions end', async () => {
    const { person } = await personWithFactor(manager);
    const path = `/api/v1/users/${person.id}`;
    expect((await manager.call('GET', path)).body).toMatchObject({ second_factor: true });
    expect((await manager.call('DELETE', `${path}/second-factor`)).status).toBe(204);
    expect((await manager.call('GET', path)).body).toMatchObject({ second_factor: false });
    expect(codeOf(await askAs(manager, person, 'GET', OWN))).toEqual([401, 'not_signed_in']);
    expect((await signInAs(manager, person.username)).status).toBe(200);
    const act = (await auditOf(database.url, person.id)).find(({ action }) => action === 'user.second_factor_reset');
    expect(act).toMatchObject({ actor: 'admin', details: { username: person.username, sessions_ended: 1 } });
    expect(codeOf(await manager.call('DELETE', `${path}/second-factor`))).toEqual([409, 'second_factor_off']);
    expect(codeOf(await askAs(manager, await newPerson(manager), 'DELETE', `${path}/second-factor`))).toEqual([403, 'forbidden']);
  });
});

describe('an installation that asks for it', () => {
  it.each([
    ['super_admins', true, false],
    ['everybody', true, true],
  ])('of %s lets those without one do nothing but turn it on', async (required, ofAdmins, ofUsers) => {
    const own = await createTestDatabase();
    const strict = await ManagerUnderTest.start({ database_url: own.url, require_second_factor: required });
    try {
      const admin = (await signInAs(strict, 'admin', PASSWORD)).person;
      const tokens = (person: Person) => askAs(strict, person, 'GET', '/api/v1/account/tokens');
      expect(codeOf(await tokens(admin))).toEqual([403, 'second_factor_setup_required']);
      expect((await askAs(strict, admin, 'GET', '/api/v1/session')).body).toMatchObject({ second_factor_setup_required: ofAdmins });
      await turnOn(strict, admin, PASSWORD);
      expect((await tokens(admin)).status).toBe(200);
      const made = await askAs(strict, admin, 'POST', '/api/v1/users', { username: 'other', password: PERSON_PASSWORD });
      expect(made.status).toBe(201);
      const other = (await signInAs(strict, 'other')).person;
      expect(codeOf(await tokens(other))[0]).toBe(ofUsers ? 403 : 200);
    } finally {
      await strict.dispose();
      await own.stop();
    }
  });
});
