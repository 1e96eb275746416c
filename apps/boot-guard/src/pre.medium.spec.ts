import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { GuardHost, guardFile, shells } from './guard-host.ts';

it('shellcheck has nothing to say about the guard', async () => {
  await promisify(execFile)('shellcheck', ['--shell=sh', '--severity=style', guardFile]);
});

describe.each(shells)('pre under %s', (_name, shell) => {
  let host: GuardHost;
  beforeEach(async () => {
    host = await GuardHost.create(shell);
  });
  afterEach(() => host.remove());

  it('prints its versions', async () => {
    expect((await host.guard('version')).stdout).toMatch(/^guard=\d+\.\d+\.\d+ protocol=1\n$/);
    await host.pre();
    expect(await host.fields('record/version')).toEqual({ guard: expect.stringMatching(/^\d/), protocol: '1' });
  });

  it('first install: what current names becomes committed', async () => {
    await rm(host.at('root/committed'));
    expect((await host.pre()).code).toBe(0);
    expect(await host.version('committed')).toBe('1.0.0');
    expect(await host.trialIsOpen()).toBe(false);
    expect(await host.startsFrom()).toBe('current');
  });

  it('current is committed: opens nothing', async () => {
    await host.pre();
    expect(await host.trialIsOpen()).toBe(false);
    expect(await host.verdict()).toBeUndefined();
  });

  it('committed is damaged: current takes its place', async () => {
    await rm(host.at('root/versions/1.0.0'), { recursive: true });
    await host.point('current', '1.1.0');
    await host.pre();
    expect(await host.version('committed')).toBe('1.1.0');
  });

  it('committed and current are damaged: goes back to previous', async () => {
    await host.point('previous', '1.1.0');
    await rm(host.at('root/versions/1.0.0'), { recursive: true });
    await host.pre();
    expect([await host.version('current'), await host.version('committed')]).toEqual(['1.1.0', '1.1.0']);
  });

  it('current differs: opens a trial with what the intent says, and counts the first start', async () => {
    await host.openTrial({ window_secs: 60, max_secs: 900, max_boot_attempts: 5, beat_interval_secs: 2 });
    expect(await host.fields('record/trial')).toEqual({
      v: '1',
      attempt: 'a-1',
      target: 'versions/1.1.0',
      from: 'versions/1.0.0',
      boot_id: '11111111-1111-4111-8111-111111111111',
      window_secs: '60',
      max_secs: '900',
      max_boot_attempts: '5',
      beat_interval_secs: '2',
      opened_uptime: '1000',
      deadline_uptime: '1060',
      held_since_uptime: '0',
    });
    const counters = await readFile(host.at('record/counters'), 'utf8');
    expect(counters).toHaveLength(512);
    expect(counters).toMatch(/^starts=00001 boots=00000 /);
    expect(await host.startsFrom()).toBe('current');
  });

  it('reads the intent once: a candidate cannot lengthen its own trial', async () => {
    await host.openTrial({ window_secs: 60 });
    await host.intent({ window_secs: 3600, max_boot_attempts: 20 });
    await host.pre();
    expect(await host.fields('record/trial')).toMatchObject({ window_secs: '60', max_boot_attempts: '3' });
  });

  it.each([
    ['missing', async () => undefined],
    [
      'a link',
      async () => {
        await host.write('elsewhere', { v: 1, attempt: 'a-1', target: 'versions/1.1.0', window_secs: 60 });
        await symlink(host.at('elsewhere'), host.at('root/trial/intent'));
      },
    ],
    ['a FIFO', async () => void (await promisify(execFile)('mkfifo', [host.at('root/trial/intent')]))],
    ['a folder', async () => mkdir(host.at('root/trial/intent'))],
    [
      'random bytes',
      async () => writeFile(host.at('root/trial/intent'), Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 37) % 256))),
    ],
    ['over 4 KiB', async () => host.intent({ window_secs: 60, padding: 'x'.repeat(4096) })],
    ['of another schema', async () => host.intent({ v: 2, window_secs: 60 })],
    ['for another target', async () => host.intent({ target: 'versions/9.9.9', window_secs: 60 })],
    [
      'shell code',
      async () =>
        writeFile(
          host.at('root/trial/intent'),
          `v=1\ntarget=versions/1.1.0\nattempt=$(touch ${host.at('pwned')})\nwindow_secs=\`touch ${host.at('pwned')}\`\nmax_boot_attempts=a[$(touch ${host.at('pwned')})]\n`,
        ),
    ],
    [
      'out of range',
      async () =>
        host.intent({
          attempt: 'x'.repeat(65),
          window_secs: 4,
          max_secs: '99999999999999999999',
          max_boot_attempts: 21,
          beat_interval_secs: '-1',
        }),
    ],
  ])('an intent that is %s means the defaults', async (_what, make) => {
    await make();
    await host.point('current', '1.1.0');
    expect((await host.pre()).code).toBe(0);
    expect(await host.fields('record/trial')).toMatchObject({
      attempt: 'unknown',
      window_secs: '120',
      max_secs: '0',
      max_boot_attempts: '3',
      beat_interval_secs: '15',
    });
    expect(await host.exists('pwned')).toBe(false);
  });

  it('takes a number with leading zeros as decimal', async () => {
    await host.openTrial({ window_secs: '0089' });
    expect(await host.fields('record/trial')).toMatchObject({ window_secs: '89' });
  });

  it('reverts at the start after the last boot attempt', async () => {
    await host.openTrial();
    await host.pre();
    await host.pre();
    expect(await host.version('current')).toBe('1.1.0');
    await host.pre();
    expect(await host.verdict()).toBe('reverted boot_attempts');
    expect(await host.fields('record/verdict')).toMatchObject({
      v: '1',
      attempt: 'a-1',
      target: 'versions/1.1.0',
      from: 'versions/1.0.0',
      starts: '4',
      boots: '0',
    });
    expect([await host.version('current'), await host.version('committed'), await host.startsFrom()]).toEqual([
      '1.0.0',
      '1.0.0',
      'current',
    ]);
    expect(await host.trialIsOpen()).toBe(false);
  });

  it('overwrites the counters in place: nothing is cut off, so nothing has to be allocated again', async () => {
    await host.openTrial();
    await appendFile(host.at('record/counters'), 'tail');
    await host.pre();
    const counters = await readFile(host.at('record/counters'), 'utf8');
    expect(counters).toMatch(/^starts=00002 /);
    expect(counters).toHaveLength(512 + 'tail'.length);
  });

  it('takes the boot id that the supervisor names, in its form without dashes too, before that of /proc', async () => {
    host.env['TIDEGATE_BOOT_ID'] = '44444444444444448444444444444444';
    await host.openTrial();
    expect(await host.fields('record/trial')).toMatchObject({ boot_id: '44444444-4444-4444-8444-444444444444' });
    host.env['TIDEGATE_BOOT_ID'] = '44444444-4444-4444-8444-444444444444';
    await host.pre();
    expect(await readFile(host.at('record/counters'), 'utf8')).toMatch(/^starts=00002 boots=00000 /);
  });

  it('counts machine boots apart, and gives each a full window', async () => {
    await host.openTrial();
    for (let boot = 1; boot <= 13; boot += 1) {
      await host.boot(`22222222-0000-4000-8000-0000000000${boot + 10}`, 50);
      await host.pre();
      expect(await host.trialIsOpen()).toBe(true);
    }
    expect(await host.fields('record/trial')).toMatchObject({ deadline_uptime: '170', boot_id: '22222222-0000-4000-8000-000000000023' });
    await host.boot('33333333-0000-4000-8000-000000000000', 50);
    await host.pre();
    expect(await host.verdict()).toBe('reverted boots');
    expect(await host.fields('record/verdict')).toMatchObject({ starts: '1', boots: '14' });
  });

  it.each([
    ['back to committed', async () => host.point('current', '1.0.0')],
    [
      'elsewhere',
      async () => {
        await host.install('1.2.0');
        await host.point('current', '1.2.0');
      },
    ],
    ['out of the folder', async () => host.pointRaw('current', '../../evil')],
    ['to nowhere: it is gone', async () => rm(host.at('root/current'))],
    [
      'a folder in its place',
      async () => {
        await rm(host.at('root/current'));
        await mkdir(host.at('root/current/bin'), { recursive: true });
      },
    ],
  ])('a candidate that moves current %s is taken back', async (_where, move) => {
    await host.openTrial();
    await move();
    await host.pre();
    expect(await host.verdict()).toBe('reverted target_moved');
    expect(await host.version('current')).toBe('1.0.0');
    expect(await host.startsFrom()).toBe('current');
  });

  it.each([
    ['dangles', async () => rm(host.at('root/versions/1.1.0'), { recursive: true })],
    ['has no entry point', async () => rm(host.at('root/versions/1.1.0/bin/svc'))],
    [
      'is not executable',
      async () =>
        writeFile(host.at('root/versions/1.1.0/bin/svc'), 'x', { mode: 0o644 }).then(() =>
          promisify(execFile)('chmod', ['644', host.at('root/versions/1.1.0/bin/svc')]),
        ),
    ],
    [
      'has a link as entry point',
      async () => {
        await rm(host.at('root/versions/1.1.0/bin/svc'));
        await symlink('/bin/true', host.at('root/versions/1.1.0/bin/svc'));
      },
    ],
    [
      'is itself a link',
      async () => {
        await rm(host.at('root/versions/1.1.0'), { recursive: true });
        await symlink('1.0.0', host.at('root/versions/1.1.0'));
      },
    ],
  ])('a target that %s is reverted before it runs', async (_what, damage) => {
    await damage();
    await host.intent();
    await host.point('current', '1.1.0');
    expect((await host.pre()).code).toBe(0);
    expect(await host.verdict()).toBe('reverted target_unusable');
    expect(await host.version('current')).toBe('1.0.0');
  });

  it.each([
    '/etc',
    'versions/../../../etc',
    'versions/.hidden',
    'versions/1.1.0/',
    'versions/1.1.0\n',
    `versions/${'1'.repeat(65)}`,
    'versions/a b',
  ])('a link to %j is no version', async (target) => {
    await host.pointRaw('current', target);
    await host.pre();
    expect(await host.fields('record/verdict')).toMatchObject({
      verdict: 'reverted',
      reason: 'target_unusable',
      target: 'unknown',
      attempt: 'unknown',
    });
    expect(await host.version('current')).toBe('1.0.0');
  });

  it('a damaged committed version: a revert goes to previous', async () => {
    await host.install('0.9.0');
    await host.point('previous', '0.9.0');
    await host.openTrial();
    await rm(host.at('root/versions/1.0.0'), { recursive: true });
    await host.pre();
    await host.pre();
    await host.pre();
    expect(await host.version('current')).toBe('0.9.0');
    expect(await host.verdict()).toBe('reverted boot_attempts');
  });

  it('a record that cannot be read takes the node back', async () => {
    await host.openTrial();
    await writeFile(host.at('record/trial'), 'garbage');
    await host.pre();
    expect(await host.version('current')).toBe('1.0.0');
    expect(await host.verdict()).toBe('reverted target_moved');
  });

  it('a committed version that crash-loops is started ever more slowly, never not, and without the lock', async () => {
    await host.shim('sleep', `flock -n "${host.at('record/lock')}" echo "$1" >>"${host.at('pauses')}"`);
    for (let start = 1; start <= 14; start += 1) {
      expect((await host.pre()).code).toBe(0);
      await host.pass(1);
    }
    expect(await host.lines('pauses')).toEqual(['1', '2', '4', '8', '16', '30', '30', '30']);
    await host.pass(60);
    await host.pre();
    expect(await host.lines('pauses')).toHaveLength(8);
  });

  it.each(['', '../svc', '.svc', 'a b', 'a;b'])('refuses the service name %j without stopping a start', async (name) => {
    expect((await host.guard('pre', name)).code).toBe(0);
    expect((await host.guard('judge', name)).code).toBe(2);
  });
});
