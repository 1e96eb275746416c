import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adminPassword, openDataFolder } from './data-folder.ts';
import { takeLock } from './exclusive-folder.ts';
import { freePort } from './free-port.ts';
import { lastingProblem, logFrom } from './log-problem.ts';
import { choosePorts } from './ports.ts';
import { sourceDigest } from './source-digest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-launcher-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

describe('the data folder', () => {
  it('belongs to one start at a time, and to the next one after that', () => {
    const first = openDataFolder(folder);
    expect(() => openDataFolder(folder)).toThrow(
      expect.objectContaining({ code: 'data_dir_in_use', details: { folder, process: process.pid } }),
    );
    first.release();
    openDataFolder(folder).release();
  });

  it('is taken over from a start that was killed outright', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    writeFileSync(join(folder, 'launcher.lock'), JSON.stringify({ pid: dead.pid, began: '1' }));
    const taken = openDataFolder(folder);
    expect(() => openDataFolder(folder)).toThrow();
    taken.release();
  });

  it('is not locked by another process that was given the same pid since', () => {
    writeFileSync(join(folder, 'some.lock'), JSON.stringify({ pid: process.pid, began: 'another time' }));
    expect(takeLock(folder, 'some.lock')).toHaveProperty('release');
  });

  it('leaves nothing of the attempt behind when somebody else holds it', () => {
    const first = openDataFolder(folder);
    const before = readdirSync(folder).sort();
    expect(() => openDataFolder(folder)).toThrow();
    expect(readdirSync(folder).sort()).toEqual(before);
    first.release();
  });

  it('is refused when a file stands in its place', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openDataFolder(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'data_dir_unwritable' }));
  });

  it('keeps its password, for nobody else to read', () => {
    const opened = openDataFolder(folder);
    expect(opened.isFresh).toBe(true);
    const password = adminPassword(opened);
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(adminPassword(opened)).toBe(password);
    expect(statSync(opened.passwordFile).mode & 0o777).toBe(0o600);
    opened.release();
    const again = openDataFolder(folder);
    expect(again.isFresh).toBe(false);
    again.release();
  });
});

describe('the ports', () => {
  it('are refused by name when another process listens on the console port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(choosePorts(join(folder, 'ports.json'), port)).rejects.toMatchObject({ code: 'port_in_use', details: { port } });
    await new Promise((resolve) => server.close(resolve));
    expect(await freePort(port)).toBe(port);
  });

  it('keep the release source where the nodes of an earlier start look for it', async () => {
    const file = join(folder, 'ports.json');
    const first = await choosePorts(file, 0);
    expect((await choosePorts(file, 0)).releases).toBe(first.releases);
  });
});

describe('the reason in a log', () => {
  it('is found when it is a lasting one and was logged since', () => {
    const file = join(folder, 'manager.log');
    writeFileSync(file, '{"level":"error","code":"database_user_missing"}\n');
    const position = logFrom(file);
    expect(lastingProblem(position)).toBeUndefined();
    writeFileSync(file, 'not json\n{"level":"error","code":"database_start_failed"}\n', { flag: 'a' });
    expect(lastingProblem(position)).toBeUndefined();
    writeFileSync(file, '{"level":"error","err":{"code":"database_user_missing"}}\n', { flag: 'a' });
    expect(lastingProblem(position)).toMatchObject({ code: 'database_user_missing' });
  });

  it('is nothing while there is no log', () => {
    expect(lastingProblem(logFrom(join(folder, 'none.log')))).toBeUndefined();
  });
});

describe('the digest of sources', () => {
  it('changes with a name or a content, and not with a test or a build result', () => {
    mkdirSync(join(folder, 'src/dist'), { recursive: true });
    writeFileSync(join(folder, 'src/a.ts'), 'one');
    const before = sourceDigest(folder, ['src']);
    writeFileSync(join(folder, 'src/a.spec.ts'), 'test');
    writeFileSync(join(folder, 'src/dist/a.js'), 'built');
    expect(sourceDigest(folder, ['src', 'missing'])).toBe(before);
    writeFileSync(join(folder, 'src/a.ts'), 'two');
    const changed = sourceDigest(folder, ['src']);
    writeFileSync(join(folder, 'src/b.ts'), '');
    expect(new Set([before, changed, sourceDigest(folder, ['src'])]).size).toBe(3);
  });
});
