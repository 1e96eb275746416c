import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { commandLine } from './testing/command-line.ts';
import { ManagerUnderTest, PASSWORD, type Answer } from './testing/manager-under-test.ts';
import { askAs, newPerson, NOBODY, PERSON_PASSWORD, signInAs, withToken, type Person } from './testing/people.ts';
import { newIdentity } from './testing/scripted-node.ts';
import { sql } from './testing/sql.ts';

let database: TestDatabase;
let source: Server;
let folder: string;
let manager: ManagerUnderTest;
/** Everything that must be nowhere: by what it is. */
const secrets = new Map<string, string>([
  ['the first password', PASSWORD],
  ['a password', PERSON_PASSWORD],
]);
const answers: Answer[] = [];

function secret(what: string, text = `${what.replaceAll(' ', '-')}-3f9c1b7e5da0`): string {
  secrets.set(what, text);
  return text;
}

async function refused(
  person: Person,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await askAs(manager, person, method, path, body, headers);
  answers.push(answer);
  return answer;
}

const told = (): string => manager.logLines.join('');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-secrets-spec-'));
  // A release source that says back what it was told, as no JSON at all.
  source = createServer((request, response) => response.end(`{"you said": ${request.headers.authorization}`)).listen(0, '127.0.0.1');
  await once(source, 'listening');
  const file = join(folder, 'source-token');
  await writeFile(file, secret('source token'), { mode: 0o600 });
  database = await createTestDatabase();
  const url = database.url.replace('@', `:${secret('database password')}@`);
  const address = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
  const releases = { device_type: 'tidegate-edge', api_base_url: address, owner: 'acme', repo: 'edge', token_file: file };
  manager = await ManagerUnderTest.start(
    { database_url: url, release_sources: [{ ...releases, allow_loopback_http: true }] },
    { logLevel: 'trace' },
  );
  await manager.signIn();
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
  source.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a secret is in no line of the log, no refusal and no audit row', () => {
  let person: Person;
  let program: Person;

  it('when it is right', async () => {
    person = await newPerson(manager, 'super_admin');
    secret('a session', (person.headers['cookie'] ?? '').split('=')[1] ?? '');
    secret('a CSRF token', person.headers['x-csrf-token']);
    program = await withToken(manager, person, ['read', 'operate']);
    secret('an API token', (program.headers['authorization'] ?? '').replace('Bearer ', ''));
    expect((await askAs(manager, program, 'GET', '/api/v1/nodes')).status).toBe(200);
    const registration = secret('a registration token', await manager.token());
    const { node, hello } = await manager.greet();
    await node.enrol(registration);
    await node.authenticate(hello);
    node.end();
  });

  it('when it is wrong, or in the wrong place', async () => {
    const wrong = (what: string, change: object): Promise<Answer> =>
      refused(NOBODY, 'POST', '/api/v1/session', { username: 'admin', password: 'x', ...change }).then((answer) => {
        expect([what, answer.status >= 400]).toEqual([what, true]);
        return answer;
      });
    await wrong('wrong', { password: secret('a wrong password') });
    await wrong('of nobody', { username: 'nobody', password: secret('a password of nobody') });
    await wrong('as a name', { username: secret('a password as a name') });
    await refused(NOBODY, 'POST', '/api/v1/session', undefined, { 'x-password': secret('a strange header') });
    await manager
      .call('POST', '/api/v1/session', `{"username":"admin","password":"${secret('a password in no JSON')}"`)
      .then((a) => answers.push(a));
    await manager
      .call('POST', '/api/v1/session', `{"password":"${secret('a password too long')}${'x'.repeat(70_000)}"}`)
      .then((a) => answers.push(a));
    await refused({ ...NOBODY, headers: { authorization: `Bearer ${secret('a wrong API token')}` } }, 'GET', '/api/v1/nodes');
    await refused({ ...NOBODY, headers: { authorization: `Basic ${secret('basic credentials')}` } }, 'GET', '/api/v1/nodes');
    await refused({ ...NOBODY, headers: { cookie: `tidegate-${manager.port}=${secret('a wrong session')}` } }, 'GET', '/api/v1/nodes');
    await refused(person, 'POST', '/api/v1/groups', { name: 'x' }, { 'x-csrf-token': secret('a wrong CSRF token') });
    await refused(person, 'PUT', '/api/v1/account/password', {
      old_password: secret('a wrong old password'),
      new_password: secret('a new password'),
    });
    await refused(NOBODY, 'GET', `/api/v1/nodes?token=${secret('a token in a query')}`);
    const { node } = await manager.greet(newIdentity());
    await node.enrol(secret('a wrong registration token', `tgr_${'x'.repeat(43)}`)).catch(() => {});
    expect(JSON.stringify((await node.whenClosed()).reason)).toContain('token_unknown');
  });

  it('when somebody else says it', async () => {
    const answer = await refused(program, 'GET', '/api/v1/releases/tidegate-edge');
    expect(answer.body.code).toBe('source_unavailable');
    expect(told()).toContain('release source did not answer');
  });

  it.each([
    ['users', () => signInAs(manager, 'admin', secret('a password in a crash'))],
    [
      'audit',
      () => askAs(manager, person, 'POST', '/api/v1/users', { username: 'crash', role: 'user', password: secret('a password of a crash') }),
    ],
    ['api_tokens', () => askAs(manager, program, 'GET', '/api/v1/nodes')],
    ['account_sessions', () => askAs(manager, person, 'GET', '/api/v1/nodes')],
  ])('when the manager meets an error of its own (%s)', async (table, ask) => {
    await sql(database.url, `ALTER TABLE ${table} RENAME TO broken`);
    const answer = await ask();
    await sql(database.url, `ALTER TABLE broken RENAME TO ${table}`);
    answers.push(answer);
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error', request_id: expect.any(String) } });
    const lines = manager.logLines.filter((line) => line.includes(answer.body.request_id as string));
    expect(lines.join('')).toContain(`relation \\"${table}\\" does not exist`);
  });

  it('when a statement fails that has it among its values', async () => {
    await sql(database.url, `ALTER TABLE users ADD CONSTRAINT broken CHECK (username <> 'crashing')`);
    const body = { username: 'crashing', role: 'user', password: secret('a password whose hash is a value') };
    const answer = await askAs(manager, person, 'POST', '/api/v1/users', body);
    await sql(database.url, 'ALTER TABLE users DROP CONSTRAINT broken');
    answers.push(answer);
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(told()).toContain('violates check constraint \\"broken\\"');
  });

  it('when a command fails', async () => {
    const config = join(folder, 'manager.json');
    for (const host of ['127.0.0.1:1', '[nonsense', '127.0.0.1:1:1']) {
      const database_url = `postgresql://someone:${secret(`a password of ${host}`)}@${host}/x`;
      await writeFile(config, JSON.stringify({ listen: { port: 0 }, data_dir: folder, database_url }));
      for (const args of [['config', 'print'], ['migrate'], ['doctor']]) {
        const { out, err } = await commandLine(...args, '--config', config);
        answers.push({ status: 0, headers: {}, body: out + err });
      }
    }
  });

  it('as was to be shown', async () => {
    const audit = await sql<{ text: string }>(database.url, 'SELECT to_jsonb(audit)::text AS text FROM audit');
    const events = await sql<{ text: string }>(database.url, 'SELECT to_jsonb(events)::text AS text FROM events');
    const places = {
      log: told(),
      answers: answers.map(({ headers, body }) => JSON.stringify({ headers, body })).join('\n'),
      audit: [...audit, ...events].map((row) => row.text).join('\n'),
    };
    expect(secrets.size).toBeGreaterThan(20);
    for (const [place, text] of Object.entries(places)) {
      expect(text.length).toBeGreaterThan(1000);
      expect([place, ...[...secrets].filter(([, value]) => text.includes(value)).map(([what]) => what)]).toEqual([place]);
      expect([place, /\$argon2/.test(text)]).toEqual([place, false]);
    }
  });
});

describe('what others write into the log', () => {
  it('stays on one line and moves no cursor', async () => {
    const before = manager.logLines.length;
    const hostile = '%0d%0a{"level":60}%1b[2J';
    await manager.call('GET', `/api/v1/nodes/${hostile}`);
    const { node } = await manager.greet(newIdentity());
    node.say({
      type: 'register',
      protocol: 1,
      token: 'x\r\n{"level":60,"msg":"forged"}\u2028\u009b31m',
      public_key: 'x',
      device_type: 'x',
      facts: {},
    });
    await node.whenClosed();
    const lines = manager.logLines.slice(before);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect((JSON.parse(line) as { level: number }).level).toBeLessThan(60);
    }
  });

  it('names a command by its id from the request to the answer', async () => {
    const node = await manager.node();
    const asked = await manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '1.1.0' });
    const { id } = await node.next('command');
    node.say({ type: 'command_ack', id, accepted: false, error_code: 'upgrade_disabled', details: {} });
    const of = (): Record<string, unknown>[] =>
      manager.logLines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['command_id'] === id);
    while (!of().some((line) => line['code'] === 'upgrade_disabled')) await new Promise((settle) => setImmediate(settle));
    expect(of().map((line) => line['msg'])).toEqual(['command sent', 'command answered', 'a node refused a command']);
    expect(asked.body.id).toBe(id);
    node.end();
  });

  it('is told with the connection, the node and the reason when a node is refused', async () => {
    const { node, hello } = await manager.greet();
    await node.enrol(await manager.token());
    const other = newIdentity();
    await node.authenticate(hello, { key: other.privateKey }).catch(() => {});
    await node.whenClosed();
    const line = manager.logLines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find((entry) => entry['code'] === 'node_key_invalid');
    expect(line).toMatchObject({
      level: 40,
      connection_id: expect.any(Number),
      node_id: node.identity.nodeId,
      address: expect.stringContaining('127.0.0.1'),
    });
  });
});
