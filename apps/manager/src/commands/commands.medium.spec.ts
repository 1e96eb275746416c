import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { commandLine } from '../testing/command-line.ts';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { auditOf, sql } from '../testing/sql.ts';

const PASSWORD_IN_URL = 'sentinel-of-the-url';
let folder: string;
let database: TestDatabase;
let config: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-commands-spec-'));
  database = await createTestDatabase();
  config = await write({});
});
afterAll(async () => {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

async function write(change: object, name = 'manager.json'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify({ listen: { port: 0 }, data_dir: folder, database_url: database.url, ...change }));
  return file;
}
async function passwordFile(password: string): Promise<string> {
  await writeFile(join(folder, 'password'), password);
  return join(folder, 'password');
}

describe('tidegate-manager', () => {
  it.each(['serve', 'migrate', 'create-admin', 'backup', 'restore', 'doctor', 'seal', 'rotate-secrets', 'config'])(
    '%s --help names its options and exit codes',
    async (name) => {
      const help = await commandLine(name, '--help');
      expect([help.code, help.err]).toEqual([0, '']);
      expect(help.out).toMatch(new RegExp(`^usage: tidegate-manager ${name} [^]*--config FILE`));
      const overview = await commandLine('--help');
      expect(overview.out).toContain(`  ${name} `);
      expect(overview.out).toContain('Exit codes: 0 done, 1 refused');
    },
  );

  it.each([
    [],
    ['fly'],
    ['migrate'],
    ['migrate', '--config', 'x', '--wings'],
    ['config'],
    ['config', 'burn'],
    ['seal', '--config', 'x', '--for', 'database_url'],
    ['serve', 'now', '--config', 'x'],
  ])('does not understand %j', async (...args) => {
    expect(await commandLine(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('usage: tidegate-manager') });
  });

  it('migrates: says what it would do, does it, and has nothing more to do', async () => {
    const check = await commandLine('migrate', '--config', config, '--check');
    expect(check).toMatchObject({ code: 1, out: expect.stringMatching(/^pending Installation1763700000001$/m) });
    const plan = await commandLine('migrate', '--config', config, '--plan');
    expect(plan).toMatchObject({ code: 0, out: check.out });
    expect(await sql(database.url, `SELECT to_regclass('schema_migrations') AS made`)).toEqual([{ made: null }]);
    const run = await commandLine('migrate', '--config', config);
    expect(run).toMatchObject({ code: 0, out: check.out.replaceAll('pending ', 'done    ') });
    expect(await commandLine('migrate', '--config', config, '--check')).toMatchObject({ code: 0, out: 'nothing to do\n' });
    await sql(database.url, `INSERT INTO schema_migrations (timestamp, name) VALUES (9999999999999, 'Tomorrow9999999999999')`);
    expect((await commandLine('migrate', '--config', config, '--check')).out).toMatch(/^later {3}Tomorrow9999999999999$/m);
    await sql(database.url, `DELETE FROM schema_migrations WHERE name LIKE 'Tomorrow%'`);
  });

  it('makes accounts that can sign in, and records that', async () => {
    const one = await commandLine(
      'create-admin',
      '--config',
      config,
      '--username',
      'Admin',
      '--password-file',
      await passwordFile('correct horse battery staple\n'),
    );
    expect(one).toMatchObject({ code: 0, out: 'made admin\n' });
    const other = await commandLine('create-admin', '--config', config, '--username', 'other');
    const [, oneTime = ''] = /^made other; one-time password: (\S+)\n$/.exec(other.out) ?? [];
    const manager = await ManagerUnderTest.start({ database_url: database.url, admin: {} });
    try {
      expect((await manager.signIn()).password_change_required).toBe(false);
      const answer = await manager.call('POST', '/api/v1/session', { username: 'other', password: oneTime });
      expect(answer.body).toMatchObject({ user: { role: 'super_admin' }, password_change_required: true });
      const [audit] = await auditOf(database.url, String(answer.body.user.id));
      expect(audit).toMatchObject({ actor: 'system', action: 'user.create', details: { from: 'command line' } });
      expect(JSON.stringify(audit)).not.toContain(oneTime);
    } finally {
      await manager.dispose();
    }
  });

  it.each([
    ['a name that is taken', ['--username', 'admin'], 1, 'user_name_taken'],
    ['a password that is too short', ['--username', 'third', '--password-file', 'SHORT'], 1, 'request_invalid'],
    ['a name that none can have', ['--username', 'a b'], 2, 'not a name'],
  ])('refuses %s', async (_case, args, code, told) => {
    const short = await passwordFile('short');
    const given = args.map((arg) => (arg === 'SHORT' ? short : arg));
    const result = await commandLine('create-admin', '--config', config, ...given);
    expect(result).toMatchObject({ code, out: '', err: expect.stringContaining(told) });
    expect(await sql(database.url, `SELECT FROM users`)).toHaveLength(2);
  });

  it('shows the configuration as it counts, without what is secret in it', async () => {
    const file = await write({ database_url: `postgresql://u:${PASSWORD_IN_URL}@127.0.0.1:1/x` }, 'secret.json');
    const printed = await commandLine('config', 'print', '--config', file);
    expect(JSON.parse(printed.out)).toMatchObject({ upgrade_timeout_secs: 900, database_url: 'postgresql://u:***@127.0.0.1:1/x' });
    const away = await commandLine('migrate', '--config', file);
    expect(away).toMatchObject({ code: 1, err: expect.stringContaining('"database_unavailable"') });
    expect(printed.out + away.err + away.out).not.toContain(PASSWORD_IN_URL);
    expect(await commandLine('config', 'check', '--config', file)).toMatchObject({ code: 0 });
    const bad = await commandLine('config', 'check', '--config', await write({ wings: 2 }, 'bad.json'));
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('wings: unrecognized_keys') });
    expect(JSON.parse((await commandLine('config', 'schema')).out)).toMatchObject({
      additionalProperties: false,
      required: ['listen', 'data_dir'],
    });
  });

  it('joins the embedded database of a manager that runs, and starts it where none does', async () => {
    const manager = await ManagerUnderTest.start({ data_dir: join(folder, 'own') });
    const own = await write({ data_dir: join(folder, 'own'), database_url: undefined }, 'own.json');
    try {
      expect(await commandLine('migrate', '--config', own, '--check')).toMatchObject({ code: 0, err: '' });
      await manager.untilReady(200);
    } finally {
      await manager.dispose();
    }
    expect(await commandLine('create-admin', '--config', own, '--username', 'later')).toMatchObject({ code: 0 });
  });
});
