import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const shipped = fileURLToPath(new URL('../../../systemd', import.meta.url));
const UNIT = 'tidegate-manager.service';

describe('the manager’s unit', () => {
  let root: string;
  let lines: string[];
  beforeAll(async () => {
    // A file system as after an install: the distribution's units, ours over them, and the programs they name.
    root = await mkdtemp(join(tmpdir(), 'units-'));
    await mkdir(join(root, 'usr/lib/systemd'), { recursive: true });
    await run('cp', ['-a', '/usr/lib/systemd/system', join(root, 'usr/lib/systemd/')]);
    await cp(shipped, root, { recursive: true });
    for (const program of ['usr/bin/node', 'bin/kill']) {
      await mkdir(join(root, program, '..'), { recursive: true });
      await writeFile(join(root, program), '');
      await chmod(join(root, program), 0o755);
    }
    lines = (await readFile(join(shipped, 'usr/lib/systemd/system', UNIT), 'utf8')).split('\n');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('systemd has nothing to say about it', async () => {
    expect(await run('systemd-analyze', ['verify', `--root=${root}`, UNIT])).toEqual({ stdout: '', stderr: '' });
  });

  it('is exposed by at most 2.0', async () => {
    await run('systemd-analyze', ['security', '--offline=true', `--root=${root}`, '--threshold=20', UNIT]);
  });

  it.each([
    'Type=notify',
    'NotifyAccess=all',
    'Restart=always',
    'StartLimitIntervalSec=0',
    'WatchdogSec=30',
    'KillMode=mixed',
    'LimitCORE=0',
    'StateDirectory=tidegate-manager',
    'Environment=TIDEGATE_DATA_DIR=/var/lib/tidegate-manager',
    'Environment=TMPDIR=/run/tidegate-manager',
    'RuntimeDirectory=tidegate-manager',
  ])('says %s', (line) => expect(lines).toContain(line));

  it('gives it longer to stop than it gives itself', async () => {
    const serve = await readFile(new URL('./commands/serve.ts', import.meta.url), 'utf8');
    const ownMs = Number(/STOP_LIMIT_MS = ([\d_]+)/.exec(serve)?.[1]?.replaceAll('_', ''));
    expect(Number(lines.find((line) => line.startsWith('TimeoutStopSec='))?.split('=')[1]) * 1000).toBeGreaterThan(ownMs);
  });

  it('runs it as a user that can write its own folders only', async () => {
    expect(lines.filter((line) => /^(ReadWritePaths|User|CapabilityBoundingSet|AmbientCapabilities)=/.test(line))).toEqual([
      'User=tidegate-manager',
      'CapabilityBoundingSet=',
      'AmbientCapabilities=',
    ]);
    const users = await readFile(join(shipped, 'usr/lib/sysusers.d/tidegate-manager.conf'), 'utf8');
    expect(users).toMatch(/^u tidegate-manager - "[^"]+" \/var\/lib\/tidegate-manager\n$/);
  });
});
