import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { chooseServiceUser, findPostgres, startPostgres, type RunningPostgres } from './index.ts';

const asRoot = process.getuid?.() === 0;
let folder: string;
let running: RunningPostgres | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-pg-spec-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(folder, { recursive: true, force: true });
});

const binariesDir = join(tmpdir(), `tidegate-test-binaries-${process.getuid?.()}`);
const start = async (dataDir: string): Promise<RunningPostgres> =>
  (running = await startPostgres({ dataDir, log: () => {}, durability: 'none', binariesDir }));

async function query(sql: string): Promise<string> {
  const client = new pg.Client({ ...running?.connection });
  client.on('error', () => {});
  await client.connect();
  try {
    const result = await client.query<{ value: string }>(sql);
    return result.rows[0]?.value ?? '';
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  it('makes a cluster, and a second start finds its data again', async () => {
    const dataDir = join(folder, 'postgres');
    await start(dataDir);
    await query(`CREATE TABLE kept AS SELECT 'tide' AS value`);
    await running?.stop();
    await start(dataDir);
    expect(await query('SELECT value FROM kept')).toBe('tide');
  });

  it('is found by whoever knows its data folder, for as long as it runs', async () => {
    const dataDir = join(folder, 'postgres');
    expect(await findPostgres(dataDir)).toBeNull();
    await start(dataDir);
    expect(await findPostgres(dataDir)).toEqual(running?.connection);
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    await running?.stop();
    expect(await findPostgres(dataDir)).toBeNull();
    await writeFile(join(dataDir, 'postmaster.pid'), lock);
    expect(await findPostgres(dataDir)).toBeNull();
  });

  it('listens on a unix socket only, in a folder of its own, however long the data path is', async () => {
    const dataDir = join(folder, 'a'.repeat(120), 'postgres');
    await start(dataDir);
    expect(await query(`SELECT current_setting('listen_addresses') AS value`)).toBe('');
    expect((await stat(running?.connection.host ?? '')).mode & 0o077).toBe(0);
    expect(await query(`SELECT datlocale AS value FROM pg_database WHERE datname = 'postgres'`)).toBe('C.UTF-8');
  });

  it('starts below a folder that the unprivileged user cannot enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await start(join(closed, 'postgres'));
    const uid = (await stat(`/proc/${running?.pid}`)).uid;
    if (asRoot) expect(uid).not.toBe(0);
    else expect(uid).toBe(process.getuid?.());
  });

  it('starts over a lock left by a cluster whose process id now belongs to somebody else', async () => {
    const dataDir = join(folder, 'postgres');
    await start(dataDir);
    await running?.stop();
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      await writeFile(join(dataDir, 'postmaster.pid'), `${bystander.pid}\n${dataDir}\n1\n5432\n\n\n0 0\nready\n`);
      await start(dataDir);
      expect(await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).toContain(String(running?.pid));
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('makes the cluster anew when the first start was killed in the middle of it', async () => {
    const dataDir = join(folder, 'postgres');
    await mkdir(`${dataDir}.new`);
    await writeFile(join(`${dataDir}.new`, 'half'), '');
    await start(dataDir);
    expect(await query(`SELECT 'up' AS value`)).toBe('up');
  });

  it('tells when the postmaster ends by itself', async () => {
    await start(join(folder, 'postgres'));
    process.kill(running?.pid ?? 0, 'SIGKILL');
    expect(await running?.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await running?.stop();
    await expect(stat(running?.connection.host ?? '')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a killed one that is stopped late takes nothing from the one that was started since', async () => {
    const killed = await start(join(folder, 'postgres'));
    process.kill(killed.pid, 'SIGKILL');
    await killed.exited;
    await start(join(folder, 'postgres'));
    await killed.stop();
    expect(await query(`SELECT 'up' AS value`)).toBe('up');
  });

  it('ends with the process that started it, even when that is killed', async () => {
    const script = `
      import { startPostgres } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
      const running = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))}, log: () => {}, durability: 'none', binariesDir: ${JSON.stringify(binariesDir)} });
      console.log(running.pid);
      setInterval(() => {}, 60_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pid = Number(line);
    parent.kill('SIGKILL');
    // The orphan is waited for: a start right after the death takes its data folder over.
    await start(join(folder, 'postgres'));
    expect(running?.pid).not.toBe(pid);
    // Its entry may stay as a zombie where nothing reaps; a zombie has no working folder.
    await expect(readlink(`/proc/${pid}/cwd`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('chooseServiceUser', () => {
  (asRoot ? it : it.skip)('refuses with a code when root finds nobody to drop to', async () => {
    const passwd = join(folder, 'passwd');
    await writeFile(passwd, 'root:x:0:0:root:/root:/bin/sh\n');
    await expect(chooseServiceUser(folder, passwd)).rejects.toMatchObject({ code: 'database_user_missing' });
  });
});
