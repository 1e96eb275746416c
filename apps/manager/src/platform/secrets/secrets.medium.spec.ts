import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { PERSISTENCE } from '../../app.module.ts';
import { commandLine, type CommandResult } from '../../testing/command-line.ts';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { auditOf, sql } from '../../testing/sql.ts';
import { openDatabase } from '../database/open-database.ts';
import { createLog } from '../log.ts';
import { KeyRing } from './key-ring.ts';
import { placeOf } from './place.ts';
import { rotateSecrets } from './rotate-secrets.ts';

const SEALED = { table: 'audit_keys', id: 'key_id', column: 'sealed_key' };
const COLUMNS = PERSISTENCE.flatMap((part) => part.sealed ?? []);
/** More than two batches of a rotation. */
const VALUES = 450;

let folder: string;
let database: TestDatabase;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-secrets-spec-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

async function keyFile(name: string, fill: number): Promise<string> {
  await writeFile(file(name), `${Buffer.alloc(32, fill).toString('base64')}\n`, { mode: 0o600 });
  return file(name);
}
async function configFile(secrets: object, more: object = {}): Promise<string> {
  const config = { listen: { port: 0 }, data_dir: folder, database_url: database.url, secrets, ...more };
  await writeFile(file('manager.json'), JSON.stringify(config));
  return file('manager.json');
}
const ringOf = async (secrets: object): Promise<KeyRing> =>
  (await KeyRing.load({ data_dir: file('nothing'), secrets: { previous_key_files: [], ...secrets } }))!;
const rotate = async (secrets: object, more: object = {}): Promise<CommandResult> =>
  await commandLine('rotate-secrets', '--config', await configFile(secrets, more));
async function doctorFinds(secrets: object): Promise<string[]> {
  const { out } = await commandLine('doctor', '--config', await configFile(secrets), '-o', 'json');
  const { findings } = JSON.parse(out) as { findings: { code: string }[] };
  return findings.map(({ code }) => code).filter((code) => code.startsWith('secret'));
}
/** Starts one that has to stay up and not ready, and say why. */
async function refusedWith(code: string, secrets: object, dataDir: string): Promise<string> {
  const manager = await ManagerUnderTest.start({ database_url: database.url, data_dir: dataDir, secrets }, { untilReady: false });
  try {
    const told = (): string | undefined => manager.logLines.find((line) => line.includes(`"${code}"`));
    while (told() === undefined) await new Promise((settle) => setImmediate(settle));
    expect((await manager.call('GET', '/readyz')).status).toBe(503);
    return told() ?? '';
  } finally {
    await manager.dispose();
  }
}

describe('the key of an installation', () => {
  it('is made at the first start, for its owner alone, and said', async () => {
    const manager = await ManagerUnderTest.start({ database_url: database.url, data_dir: file('first'), secrets: {} });
    expect((await stat(file('first/secrets.key'))).mode & 0o777).toBe(0o600);
    const text = (await readFile(file('first/secrets.key'), 'utf8')).trim();
    expect(manager.logLines.join('')).toContain('keep a copy of it apart from the backups');
    expect(manager.logLines.join('')).not.toContain(text);
    await manager.stop();
    await manager.boot();
    await manager.dispose();
    expect(await sql(database.url, 'SELECT FROM secret_keys')).toHaveLength(1);
  });

  it('is needed by every replica: without it, or with another, none becomes ready', async () => {
    await refusedWith('secrets_key_wrong', {}, file('second'));
    await expect(stat(file('second/secrets.key'))).rejects.toMatchObject({ code: 'ENOENT' });
    const line = await refusedWith('secrets_key_wrong', { key_file: await keyFile('stranger', 9) }, file('second'));
    expect(line).toContain((await ringOf({ key_file: file('stranger') })).newestId);
    expect(await doctorFinds({ key_file: file('stranger') })).toEqual(['secrets_key_wrong']);
    expect(await doctorFinds({ key_file: file('first/secrets.key') })).toEqual([]);
  });

  it.each([
    ['is open to others', async () => chmod(await keyFile('bad', 3), 0o640)],
    ['is too short', () => writeFile(file('bad'), 'c2hvcnQ=', { mode: 0o600 })],
    ['is not there', () => rm(file('bad'))],
  ])('is refused when its file %s', async (_case, make) => {
    await make();
    await expect(ringOf({ key_file: file('bad') })).rejects.toMatchObject({ code: 'secrets_key_invalid', details: { file: file('bad') } });
  });
});

describe('a sealed setting', () => {
  it('opens where it was sealed for; elsewhere nothing starts', async () => {
    const ring = await ringOf({ key_file: file('first/secrets.key') });
    const token = ring.seal('token', 'release_sources.tidegate-edge.token');
    const source = { device_type: 'tidegate-edge', api_base_url: 'https://api.example', owner: 'o', repo: 'r', token };
    const start = (change: object): Promise<ManagerUnderTest> =>
      ManagerUnderTest.start({
        database_url: database.url,
        secrets: { key_file: file('first/secrets.key') },
        release_sources: [{ ...source, ...change }],
      });
    const manager = await start({});
    await manager.dispose();
    await expect(start({ device_type: 'tidegate-buoy' })).rejects.toMatchObject({ code: 'secret_damaged' });
    await expect(start({ token: token.replace(/:[0-9a-f]{16}:/, ':0123456789abcdef:') })).rejects.toMatchObject({
      code: 'secrets_key_wrong',
    });
    await expect(start({ token: 'in clear' })).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(start({ token_file: '/x' })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('a rotation', () => {
  let before: object;
  let both: object;
  let after: object;
  const sealedRows = () => sql<{ id: string; sealed: string }>(database.url, `SELECT key_id AS id, sealed_key AS sealed FROM audit_keys`);
  async function values(ring: KeyRing): Promise<string[]> {
    return (await sealedRows()).map(({ id, sealed }) => ring.open(sealed, placeOf(SEALED, id))).toSorted();
  }

  beforeAll(async () => {
    before = { key_file: file('first/secrets.key') };
    after = { key_file: await keyFile('newest', 7) };
    both = { ...after, previous_key_files: [file('first/secrets.key')] };
    const ring = await ringOf(before);
    const ids = Array.from({ length: VALUES }, (_, index) => `value-${index}`);
    await sql(
      database.url,
      `INSERT INTO audit_keys (key_id, public_key, created_at, sealed_key, sealed_at) SELECT id, id, now(), sealed, 'epoch' FROM unnest($1::text[], $2::text[]) AS t (id, sealed)`,
      [ids, ids.map((id) => ring.seal(`secret of ${id}`, placeOf(SEALED, id)))],
    );
  });

  it('is refused without the previous key', async () => {
    expect(await rotate(after)).toMatchObject({ code: 1, err: expect.stringContaining('"secrets_key_wrong"') });
  });

  it('that is cut off in the middle leaves everything readable, and the next one does what is left', async () => {
    const all = await values(await ringOf(before));
    const ring = await ringOf(both);
    const opened = await openDatabase({ database_url: database.url, data_dir: folder }, PERSISTENCE, createLog('silent'));
    let batches = 0;
    const cut = rotateSecrets({ database: opened.database, columns: COLUMNS, ring }, new Date(), () =>
      (batches += 1) === 2 ? Promise.reject(new Error('cut off')) : Promise.resolve(),
    );
    await expect(cut).rejects.toThrow('cut off');
    await opened.close();
    const renewed = (await sealedRows()).filter(({ sealed }) => sealed.includes(ring.newestId)).length;
    expect(renewed).toBe(200);
    expect(await values(ring)).toEqual(all);
    expect(await doctorFinds(both)).toEqual([]);
    const running = await ManagerUnderTest.start({ database_url: database.url, secrets: both });
    try {
      expect(await rotate(both)).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining(`sealed ${VALUES + 1 - 200} values anew`),
      });
      await running.signIn();
      expect(await values(await ringOf(after))).toEqual(all);
    } finally {
      await running.dispose();
    }
    expect(await rotate(both)).toMatchObject({ code: 0, out: expect.stringContaining('sealed 0 values') });
    const acts = (await auditOf(database.url, 'secrets')).map(({ action, details }) => [action, details['sealed_anew'], details['done']]);
    const act = 'installation.secrets_rotate';
    expect(acts.slice(0, 3)).toEqual([
      [act, 200, false],
      [act, 51, false],
      [act, 0, true],
    ]);
  });

  it('makes the previous key unneeded', async () => {
    const manager = await ManagerUnderTest.start({ database_url: database.url, secrets: after });
    await manager.dispose();
    expect(await doctorFinds(after)).toEqual([]);
    expect(await doctorFinds(before)).toEqual(['secrets_key_wrong']);
  });

  it('names what the configuration still holds under the previous key', async () => {
    const token = (await ringOf(before)).seal('t', 'release_sources.tidegate-edge.token');
    const source = { device_type: 'tidegate-edge', api_base_url: 'https://api.example', owner: 'o', repo: 'r', token };
    const told = await rotate(both, { release_sources: [source] });
    expect(told).toMatchObject({
      code: 1,
      out: expect.stringContaining('still under a previous key: release_sources.tidegate-edge.token'),
    });
  });

  it('gives up what a lost key sealed when it is told so, and nothing is in the way of a start any more', async () => {
    const own = await createTestDatabase();
    const first = await ManagerUnderTest.start({ database_url: own.url, secrets: after });
    await first.dispose();
    const fresh = { key_file: await keyFile('fresh', 5) };
    const rotateOwn = async (...more: string[]) =>
      await commandLine('rotate-secrets', '--config', await configFile(fresh, { database_url: own.url }), ...more);
    expect(await rotateOwn()).toMatchObject({ code: 1, err: expect.stringContaining('"secrets_key_wrong"') });
    expect(await rotateOwn('--lost-key')).toMatchObject({ code: 0, out: expect.stringContaining('gave up 1 values') });
    const again = await ManagerUnderTest.start({ database_url: own.url, secrets: fresh });
    expect(again.logLines.join('')).toContain('the key that signs the audit trail was made');
    await again.dispose();
    expect((await auditOf(own.url, 'secrets')).map(({ details }) => details['given_up'])).toEqual([1, 0]);
    await own.stop();
  });

  it('stops at a value that somebody altered, and doctor names its place', async () => {
    await sql(
      database.url,
      `UPDATE audit_keys a SET sealed_key = b.sealed_key FROM audit_keys b WHERE a.key_id = 'value-1' AND b.key_id = 'value-2'`,
    );
    const { out } = await commandLine('doctor', '--config', await configFile(after));
    expect(out).toContain('secret_damaged');
    expect(out).toContain('audit_keys.sealed_key/value-1');
    await writeFile(file('last'), `${Buffer.alloc(32, 8).toString('base64')}\n`, { mode: 0o600 });
    const next = { key_file: file('last'), previous_key_files: [file('newest')] };
    expect(await rotate(next)).toMatchObject({ code: 1, err: expect.stringContaining('"secret_damaged"') });
    expect(await values(await ringOf({ ...next, key_file: file('newest') })).catch((error: unknown) => error)).toMatchObject({
      code: expect.stringMatching(/^secret/),
    });
  });
});
