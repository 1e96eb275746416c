import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { KeyRing, placeOf } from '../platform/index.ts';
import { commandLine, type CommandResult } from '../testing/command-line.ts';
import { ManagerUnderTest, PASSWORD, SECRETS_KEY } from '../testing/manager-under-test.ts';
import { askAs, NOBODY } from '../testing/people.ts';
import { challengeOf, personWithFactor, type PersonWithFactor } from '../testing/second-factor.ts';
import type { ScriptedNode } from '../testing/scripted-node.ts';
import { sql } from '../testing/sql.ts';
import { readTar, tarEnd, tarEntry, type TarEntry } from './tar.ts';

const SEALED_AUDIT_KEY = { table: 'audit_keys', column: 'sealed_key' };
let folder: string;
let original: TestDatabase;
let manager: ManagerUnderTest;
let node: ScriptedNode;
let token: string;
let factor: PersonWithFactor;
let made: CommandResult;
let events: { ids: string[]; cursor: string };
const file = (name: string): string => join(folder, name);
const databases: TestDatabase[] = [];

async function config(database: TestDatabase, name = 'manager.json'): Promise<string> {
  await writeFile(file(name), JSON.stringify({ listen: { port: 0 }, data_dir: file('data'), database_url: database.url }));
  return file(name);
}
async function empty(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  databases.push(database);
  return database;
}
const restoreInto = async (database: TestDatabase, from = file('whole.tar.gz')): Promise<CommandResult> =>
  await commandLine('restore', '--config', await config(database, 'restore.json'), '--from', from);
const tablesOf = async (database: TestDatabase): Promise<unknown[]> =>
  await sql(database.url, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`);

/** The clock stands still: what waits for a commit to be over is let go by hand. */
async function settled(of: ManagerUnderTest, database: TestDatabase): Promise<void> {
  const waiting = `SELECT FROM events WHERE position IS NULL UNION ALL SELECT FROM audit WHERE position IS NULL`;
  do of.clock.advance(1000);
  while ((await sql(database.url, waiting)).length > 0);
}
async function idsAfter(of: ManagerUnderTest, query: string): Promise<string[]> {
  const { body } = await of.call('GET', `/api/v1/siem/events${query}`);
  return (body.items as { id: string }[]).map((event) => event.id);
}
async function entries(): Promise<TarEntry[]> {
  const whole = gunzipSync(await readFile(file('whole.tar.gz')));
  const found: TarEntry[] = [];
  for await (const entry of readTar(
    (async function* () {
      yield await Promise.resolve(whole);
    })(),
  ))
    found.push(entry);
  return found;
}
async function repacked(name: string, change: (entry: TarEntry) => TarEntry | null): Promise<string> {
  const kept = (await entries()).flatMap((entry) => change(entry) ?? []);
  await writeFile(file(name), gzipSync(Buffer.concat([...kept.map((entry) => tarEntry(entry, new Date())), tarEnd()])));
  return file(name);
}
const inManifest = (change: (manifest: Record<string, unknown>) => object) => (entry: TarEntry) =>
  entry.name === 'manifest.json'
    ? { ...entry, body: Buffer.from(JSON.stringify(change(JSON.parse(entry.body.toString()) as Record<string, unknown>))) }
    : entry;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-backup-spec-'));
  original = await empty();
  manager = await ManagerUnderTest.start({ database_url: original.url, data_dir: file('data') });
  await manager.signIn();
  token = await manager.token();
  node = await manager.node();
  factor = await personWithFactor(manager);
  for (let seq = 1; seq <= 3; seq++) await node.report(seq, 'agent_started', { text: `tide "${seq}"\nnext line \u00e9` });
  await settled(manager, original);
  events = { ids: await idsAfter(manager, ''), cursor: String((await manager.call('GET', '/api/v1/siem/events')).body.next_cursor) };
  made = await commandLine('backup', '--config', await config(original), '--to', file('whole.tar.gz'));
});
afterAll(async () => {
  await manager.dispose();
  for (const database of databases) await database.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a backup', () => {
  it('is written beside a running manager, for its owner only, and checks', async () => {
    expect(made).toMatchObject({ code: 0, err: '' });
    expect((await stat(file('whole.tar.gz'))).mode & 0o777).toBe(0o600);
    const checked = await commandLine('restore', '--config', await config(original), '--from', file('whole.tar.gz'), '--check');
    expect(checked).toMatchObject({ code: 0, out: expect.stringMatching(/^whole: /) });
  });

  it('holds no secret in clear', async () => {
    const all = gunzipSync(await readFile(file('whole.tar.gz'))).toString('latin1');
    const sealed = (await sql<{ text: string; id: string }>(original.url, 'SELECT key_id AS id, sealed_key AS text FROM audit_keys'))[0]!;
    const ring = (await KeyRing.load({ data_dir: folder, secrets: { key: SECRETS_KEY, previous_key_files: [] } }))!;
    const signingKey = ring.open(sealed.text, placeOf(SEALED_AUDIT_KEY, sealed.id));
    const factorSecrets = [factor.app.shown.secret, factor.app.secret.toString('base64'), ...factor.recoveryCodes];
    const secrets = [PASSWORD, token, manager.csrf, signingKey.split('\n')[1] ?? '', SECRETS_KEY, ...factorSecrets];
    expect(secrets.filter((secret) => secret.length < 12 || all.includes(secret))).toEqual([]);
    expect(all).toContain(sealed.text);
    expect(all).toContain('tables/users/000001.jsonl');
    expect(all).not.toContain('tables/account_sessions/');
  });

  it('brings everything back: fleet, accounts, events in their order, and an audit chain that is whole', async () => {
    const before = await manager.call('GET', '/api/v1/nodes');
    const database = await empty();
    const told = await restoreInto(database);
    expect(told).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/needed before it can serve: the key [0-9a-f]{16} /) });
    // The node's session was open when the backup was made.
    expect(await sql(database.url, 'SELECT FROM node_sessions WHERE disconnected_at IS NULL')).toEqual([]);
    const restored = await ManagerUnderTest.start({ database_url: database.url, data_dir: file('data') });
    try {
      await restored.signIn();
      const after = await restored.call('GET', '/api/v1/nodes');
      const stable = (answer: { body: { items: Record<string, unknown>[] } }): unknown =>
        answer.body.items.map(({ id, name, software_version, group_id, labels, public_key }) => ({
          id,
          name,
          software_version,
          group_id,
          labels,
          public_key,
        }));
      expect(stable(after)).toEqual(stable(before));
      expect(await idsAfter(restored, '')).toEqual(events.ids);
      const { person, app } = factor;
      // An app shows codes of one time, and a code counts once: not before the last one that was used.
      restored.clock.advance(manager.clock.now().getTime() - restored.clock.now().getTime());
      const challenge = await challengeOf(restored, person.username);
      const signedIn = await askAs(restored, NOBODY, 'POST', '/api/v1/session/second-factor', { challenge, code: app.code(1) });
      expect(signedIn.body).toMatchObject({ user: { username: person.username } });
      expect(await restored.call('POST', '/api/v1/audit/verify', {})).toMatchObject({ body: { ok: true, findings: [] } });
      const comesBack = await restored.greet(node.identity);
      await comesBack.node.authenticate(comesBack.hello);
      await comesBack.node.report(4, 'agent_started', {});
      await settled(restored, database);
      // Whoever had read up to the backup reads on from there, and misses nothing.
      const later = await restored.call('GET', `/api/v1/siem/events?after=${events.cursor}`);
      expect(later.body.items).toEqual([expect.objectContaining({ name: 'agent_started', position: events.ids.length + 1 })]);
      const [act] = await sql<{ details: object }>(database.url, `SELECT details FROM audit WHERE action = 'installation.restore'`);
      expect(act?.details).toMatchObject({ software_version: expect.any(String) });
    } finally {
      await restored.dispose();
    }
  });

  it('goes into an empty database only', async () => {
    const refusal = await restoreInto(original);
    expect(refusal).toMatchObject({ code: 1, err: expect.stringContaining('"database_not_empty"') });
    expect(await sql(original.url, `SELECT FROM audit WHERE action = 'installation.restore'`)).toEqual([]);
  });

  it('goes into a database that was migrated and never used', async () => {
    const database = await empty();
    expect(await commandLine('migrate', '--config', await config(database, 'fresh.json'))).toMatchObject({ code: 0 });
    expect(await restoreInto(database)).toMatchObject({ code: 0 });
  });

  it.each([
    ['a part is missing', (entry: TarEntry) => (entry.name.startsWith('tables/users/') ? null : entry)],
    [
      'a part was changed',
      (entry: TarEntry) =>
        entry.name.startsWith('tables/users/') ? { ...entry, body: Buffer.concat([entry.body, Buffer.from('\n')]) } : entry,
    ],
    ['there is no manifest', (entry: TarEntry) => (entry.name === 'manifest.json' ? null : entry)],
  ])('is refused before the database is touched when %s', async (_case, change) => {
    const database = await empty();
    const refusal = await restoreInto(database, await repacked('changed.tar.gz', change));
    expect(refusal).toMatchObject({ code: 1, err: expect.stringContaining('"backup_damaged"') });
    expect(await tablesOf(database)).toEqual([]);
  });

  it('is refused when it was cut off, or is none', async () => {
    const whole = await readFile(file('whole.tar.gz'));
    await writeFile(file('cut.tar.gz'), whole.subarray(0, whole.length >> 1));
    await copyFile(file('manager.json'), file('none.tar.gz'));
    for (const name of ['cut.tar.gz', 'none.tar.gz'])
      expect(await commandLine('restore', '--config', file('manager.json'), '--from', file(name), '--check')).toMatchObject({
        code: 1,
        err: expect.stringContaining('"backup_damaged"'),
      });
  });

  it('of a later release is refused', async () => {
    const from = await repacked(
      'later.tar.gz',
      inManifest((manifest) => ({ ...manifest, migrations: [...(manifest['migrations'] as string[]), 'Tomorrow9999999999999'] })),
    );
    const database = await empty();
    expect(await restoreInto(database, from)).toMatchObject({ code: 1, err: expect.stringContaining('"backup_too_new"') });
    expect(await tablesOf(database)).toEqual([]);
  });

  it('leaves nothing half written when it fails in the middle, and can be tried again', async () => {
    type Listed = { name: string; rows: number }[];
    const more = inManifest((manifest) => ({
      ...manifest,
      tables: (manifest['tables'] as Listed).map((table) => (table.name === 'users' ? { ...table, rows: 9 } : table)),
    }));
    const database = await empty();
    expect(await restoreInto(database, await repacked('half.tar.gz', more))).toMatchObject({
      code: 1,
      err: expect.stringContaining('"backup_damaged"'),
    });
    expect(await sql(database.url, 'SELECT FROM users')).toEqual([]);
    expect(await restoreInto(database)).toMatchObject({ code: 0 });
  });

  it('never writes over a file that is there', async () => {
    await writeFile(file('there.tar.gz.part'), 'kept');
    const again = [file('there.tar.gz'), file('whole.tar.gz')];
    const before = await readFile(file('whole.tar.gz'));
    for (const to of again)
      expect(await commandLine('backup', '--config', await config(original), '--to', to)).toMatchObject({
        code: 1,
        err: expect.stringContaining('EEXIST'),
      });
    expect(await readFile(file('there.tar.gz.part'), 'utf8')).toBe('kept');
    expect((await readFile(file('whole.tar.gz'))).equals(before)).toBe(true);
    await expect(stat(file('whole.tar.gz.part'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
