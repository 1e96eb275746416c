import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { guardFile } from './guard-host.ts';

const run = promisify(execFile);
const shipped = fileURLToPath(new URL('../../../systemd', import.meta.url));
const units = [
  'tidegate-edge.service',
  'tidegate-guard@tidegate-edge.service',
  'tidegate-guard@tidegate-edge.timer',
  'tidegate-guard@tidegate-edge.path',
];

describe('the shipped units', () => {
  let root: string;
  beforeAll(async () => {
    // A file system as after an install: the distribution's units, ours over them, and the programs they name.
    root = await mkdtemp(join(tmpdir(), 'units-'));
    await mkdir(join(root, 'usr/lib/systemd'), { recursive: true });
    await run('cp', ['-a', '/usr/lib/systemd/system', join(root, 'usr/lib/systemd/')]);
    await cp(shipped, root, { recursive: true });
    for (const program of ['usr/lib/tidegate/guard', 'run/tidegate/tidegate-edge/start/bin/tidegate-edge']) {
      await cp(guardFile, join(root, program));
    }
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('systemd has nothing to say about them', async () => {
    expect(await run('systemd-analyze', ['verify', `--root=${root}`, ...units])).toEqual({ stdout: '', stderr: '' });
  });

  it.each([
    ['tidegate-edge.service', 20],
    ['tidegate-guard@tidegate-edge.service', 35],
  ])('%s is exposed by at most %s tenths', async (unit, tenths) => {
    await run('systemd-analyze', ['security', '--offline=true', `--root=${root}`, `--threshold=${tenths}`, unit]);
  });

  it.each([
    'Type=notify',
    'NotifyAccess=all',
    'TimeoutStopSec=5',
    'LimitCORE=0',
    'StartLimitIntervalSec=0',
    'Restart=always',
    'WatchdogSec=30',
    'ExecStartPre=+/usr/lib/tidegate/guard pre tidegate-edge',
    'ExecStart=/run/tidegate/tidegate-edge/start/bin/tidegate-edge run',
  ])('the edge says %s', async (line) => {
    const unit = await readFile(join(shipped, 'usr/lib/systemd/system/tidegate-edge.service'), 'utf8');
    expect(unit.split('\n')).toContain(line);
  });

  it('a request to delete versions reaches the guard at once, and starts nothing else', async () => {
    const edge = await readFile(join(shipped, 'usr/lib/systemd/system/tidegate-edge.service'), 'utf8');
    const path = await readFile(join(shipped, 'usr/lib/systemd/system/tidegate-guard@.path'), 'utf8');
    expect(edge.split('\n')).toContain('Wants=tidegate-guard@%p.path');
    expect(path.match(/^\w+=.*$/gm)?.slice(1)).toEqual(['PathChanged=/opt/tidegate/%i/trial/prune']);
  });

  it('the agent’s user can write the install root only, never the guard’s record', async () => {
    const unit = await readFile(join(shipped, 'usr/lib/systemd/system/tidegate-edge.service'), 'utf8');
    expect(unit.match(/^(ReadWritePaths|StateDirectory|RuntimeDirectory)=.*$/gm)).toEqual(['ReadWritePaths=/opt/tidegate/tidegate-edge']);
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute|^ProcSubset/m);
  });
});
