import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { askAs, makeMember, newGroup, newPerson, newUser, NOBODY, streamAs, withToken, type Person } from '../../testing/people.ts';
import { auditOf, sql } from '../../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let root: Person;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  root = await newPerson(manager, 'super_admin');
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

const DAY_MS = 86_400_000;
const create = (person: Person, body: object) => askAs(manager, person, 'POST', '/api/v1/account/tokens', body);
const session = async (person: Person) => (await askAs(manager, person, 'GET', '/api/v1/session')).body;
const bearer = (text: string): Person => ({ ...NOBODY, headers: { authorization: text } });

describe('an API token', () => {
  it('is shown once, stored as a hash, and lives for 90 days unless told otherwise', async () => {
    const owner = await newPerson(manager);
    const made = await create(owner, { name: 'ci', scopes: ['read'] });
    expect(made.status).toBe(201);
    expect(made.body.token).toMatch(/^tgp_[A-Za-z0-9_-]{43}$/);
    expect(Date.parse(made.body.expires_at)).toBe(manager.clock.now().getTime() + 90 * DAY_MS);
    const list = await askAs(manager, owner, 'GET', '/api/v1/account/tokens');
    expect(list.body.items).toMatchObject([{ name: 'ci', scopes: ['read'], group_ids: null, last_used_at: null }]);
    const secret = (made.body.token as string).slice(4);
    expect(JSON.stringify([list.body, await auditOf(database.url, made.body.id)])).not.toContain(secret);
    const stored = await sql(database.url, 'SELECT * FROM api_tokens');
    expect(JSON.stringify(stored)).not.toContain(secret);
    expect(manager.logLines.join('')).not.toContain(secret);
  });

  it('needs neither cookie nor CSRF token nor Origin, and stands in the audit trail beside its owner', async () => {
    const token = await withToken(manager, root, ['administer'], { name: 'deploy' });
    expect(await session(token)).toMatchObject({ user: { username: root.username }, via: 'api_token', csrf_token: '' });
    const { status, body } = await askAs(manager, token, 'POST', '/api/v1/groups', { name: 'made by a token' });
    expect(status).toBe(201);
    expect(await auditOf(database.url, body.id)).toMatchObject([{ actor: `${root.username} (token deploy)`, action: 'group.create' }]);
  });

  it('is the only thing looked at where there is one: a cookie lends it nothing', async () => {
    const token = await withToken(manager, root, ['read']);
    const both = { ...root, headers: { ...root.headers, ...token.headers } };
    expect((await askAs(manager, both, 'POST', '/api/v1/groups', { name: 'both' })).body.code).toBe('forbidden');
    const bad = { ...root, headers: { ...root.headers, authorization: 'Bearer nonsense' } };
    expect((await session(bad)).code).toBe('api_token_invalid');
  });

  it('can make nobody stronger: no password, no tokens, no sessions', async () => {
    const token = await withToken(manager, root, ['read', 'operate', 'administer', 'siem']);
    for (const [method, path, body] of [
      ['POST', '/api/v1/account/tokens', { name: 'more', scopes: ['administer'] }],
      ['PUT', '/api/v1/account/password', { old_password: 'x', new_password: 'y'.repeat(12) }],
      ['GET', '/api/v1/account/tokens', undefined],
      ['DELETE', '/api/v1/account/sessions', undefined],
    ] as const)
      expect((await askAs(manager, token, method, path, body)).body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('follows its owner: what they lose it loses, what they gain it gains', async () => {
    const group = await newGroup(manager);
    const owner = await newPerson(manager);
    const token = await withToken(manager, owner, ['read', 'administer']);
    const path = `/api/v1/groups/${group.id}`;
    const code = async () => (await askAs(manager, token, 'GET', path)).body.code as string | undefined;
    expect(await code()).toBe('forbidden');
    await makeMember(manager, group.id, owner.username, 'viewer');
    expect(await code()).toBeUndefined();
    await manager.call('DELETE', `${path}/members/${owner.username}`);
    expect(await code()).toBe('forbidden');
  });

  it('limited to groups works in those alone, even a super_admin’s, and nowhere once they are gone', async () => {
    const [own, other] = [await newGroup(manager), await newGroup(manager)];
    const token = await withToken(manager, root, ['read', 'administer'], { group_ids: [own.id] });
    const ask = async (path: string) => (await askAs(manager, token, 'GET', path)).body;
    expect((await ask('/api/v1/groups')).items).toMatchObject([{ id: own.id, your_role: 'admin' }]);
    expect((await ask(`/api/v1/groups/${other.id}`)).code).toBe('group_not_found');
    expect((await ask('/api/v1/users')).code).toBe('forbidden');
    await manager.call('DELETE', `/api/v1/groups/${own.id}`);
    expect((await ask('/api/v1/groups')).items).toEqual([]);
  });

  it('ends by its time, by revocation, and by revoking itself, each with its code', async () => {
    const owner = await newPerson(manager);
    const [aged, revoked, itself] = [
      await withToken(manager, owner, ['read']),
      await withToken(manager, owner, ['read']),
      await withToken(manager, owner, ['siem']),
    ];
    await sql(database.url, 'UPDATE api_tokens SET expires_at = $2 WHERE id = $1', [aged.tokenId, manager.clock.now()]);
    expect(await session(aged)).toMatchObject({ status: 401, code: 'api_token_expired' });
    expect((await askAs(manager, owner, 'DELETE', `/api/v1/account/tokens/${revoked.tokenId}`)).status).toBe(204);
    expect(await session(revoked)).toMatchObject({ status: 401, code: 'api_token_invalid' });
    expect((await askAs(manager, itself, 'DELETE', '/api/v1/session')).status).toBe(204);
    expect(await session(itself)).toMatchObject({ status: 401, code: 'api_token_invalid' });
    expect(await session(owner)).toMatchObject({ via: 'session' });
  });

  it('is not revoked by another user', async () => {
    const [owner, other] = [await newPerson(manager), await newPerson(manager)];
    const token = await withToken(manager, owner, ['read']);
    const answer = await askAs(manager, other, 'DELETE', `/api/v1/account/tokens/${token.tokenId}`);
    expect(answer.body).toMatchObject({ status: 404, code: 'api_token_not_found' });
    expect(await session(token)).toMatchObject({ via: 'api_token' });
  });

  it('notes its use, at most every five minutes', async () => {
    const owner = await newPerson(manager);
    const token = await withToken(manager, owner, ['read']);
    const used = async () => {
      await session(token);
      return (await askAs(manager, owner, 'GET', '/api/v1/account/tokens')).body.items[0].last_used_at as string;
    };
    const first = await used();
    expect(first).toBe(manager.clock.now().toISOString());
    manager.clock.advance(299_000);
    expect(await used()).toBe(first);
    manager.clock.advance(2000);
    expect(await used()).toBe(manager.clock.now().toISOString());
  });

  it.each([
    'Bearer tgp_',
    `Bearer tgp_${'A'.repeat(43)}`,
    `Bearer ${'A'.repeat(43)}`,
    `Bearer tgp_${'A'.repeat(5000)}`,
    "Bearer tgp_' OR 1=1 --",
    `bearer   tgr_${'A'.repeat(43)}`,
  ])('is refused as %s', async (text) => {
    const answer = await askAs(manager, bearer(text), 'GET', '/api/v1/nodes');
    expect(answer.status).toBe(401);
    expect(['api_token_invalid', 'not_signed_in']).toContain(answer.body.code);
  });

  it('works for the live stream until it is revoked', async () => {
    const token = await withToken(manager, root, ['read']);
    const { ended } = await streamAs(manager, token);
    await askAs(manager, root, 'DELETE', `/api/v1/account/tokens/${token.tokenId}`);
    await ended;
  });
});

describe('creating an API token', () => {
  it('refuses groups that the owner has no part in', async () => {
    const [own, foreign] = [await newGroup(manager), await newGroup(manager)];
    const owner = await newPerson(manager);
    await makeMember(manager, own.id, owner.username, 'viewer');
    const ask = async (person: Person, ids: string[]) => (await create(person, { name: 'n', scopes: ['read'], group_ids: ids })).body.code;
    expect(await ask(owner, [own.id, foreign.id])).toBe('group_not_found');
    expect(await ask(root, ['00000000-0000-4000-8000-000000000000'])).toBe('group_not_found');
  });

  it('refuses a second one of the same name, and more than a hundred', async () => {
    const owner = await newPerson(manager);
    await create(owner, { name: 'same', scopes: ['read'] });
    expect((await create(owner, { name: 'same', scopes: ['read'] })).body).toMatchObject({ status: 409, code: 'api_token_name_taken' });
    await sql(
      database.url,
      `INSERT INTO api_tokens (id, token_hash, user_id, name, scopes, created_at, expires_at)
       SELECT gen_random_uuid(), sha256(n::text::bytea), $1, 'n' || n, '{read}', now(), now() FROM generate_series(1, 99) AS n`,
      [owner.id],
    );
    expect((await create(owner, { name: 'one more', scopes: ['read'] })).body).toMatchObject({
      status: 409,
      code: 'api_token_limit_reached',
    });
  });

  it.each([
    ['no scope', { name: 'n', scopes: [] }],
    ['a scope that is none', { name: 'n', scopes: ['root'] }],
    ['a life of more than a year', { name: 'n', scopes: ['read'], ttl_days: 366 }],
    ['no life at all', { name: 'n', scopes: ['read'], ttl_days: 0 }],
    ['a name with brackets', { name: 'n) (token other', scopes: ['read'] }],
    ['a name with a line break', { name: 'a\nb', scopes: ['read'] }],
    ['no groups at all', { name: 'n', scopes: ['read'], group_ids: [] }],
    ['somebody else as owner', { name: 'n', scopes: ['read'], user_id: '00000000-0000-4000-8000-000000000000' }],
    ['a token of the caller’s choice', { name: 'n', scopes: ['read'], token: `tgp_${'A'.repeat(43)}` }],
  ])('refuses %s', async (_, body) => {
    expect((await create(root, body)).body).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it('is not possible without the session’s CSRF token, nor from a foreign page', async () => {
    const person = await newPerson(manager);
    const body = { name: 'n', scopes: ['read'] };
    const without = { ...person, headers: { cookie: person.headers['cookie'] ?? '' } };
    expect((await create(without, body)).body.code).toBe('csrf_invalid');
    const foreign = { ...person, headers: { ...person.headers, origin: 'https://evil.example' } };
    expect((await create(foreign, body)).body.code).toBe('origin_not_allowed');
    const others = { ...person, headers: { ...person.headers, 'x-csrf-token': (await newPerson(manager)).headers['x-csrf-token'] ?? '' } };
    expect((await create(others, body)).body.code).toBe('csrf_invalid');
  });

  it('leaves users without one alone', async () => {
    const { id } = await newUser(manager);
    expect((await manager.call('GET', `/api/v1/users/${id}/tokens`)).body).toEqual({ items: [] });
  });
});
