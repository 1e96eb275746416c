import { execFile } from 'node:child_process';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { GuardHost, shells } from './guard-host.ts';

describe.each(shells)('judge under %s', (_name, shell) => {
  let host: GuardHost;
  beforeEach(async () => {
    host = await GuardHost.create(shell);
  });
  afterEach(() => host.remove());

  const atDeadline = async (intent: Readonly<Record<string, string | number>> = {}): Promise<void> => {
    await host.openTrial(intent);
    await host.pass(120);
  };
  /** What a restart by the supervisor does after a revert. */
  const restarted = async (): Promise<void> => {
    host.invocation = 'run-2';
    await host.pre();
  };

  it('has nothing to do without a trial', async () => {
    await host.pre();
    expect(await host.guard('judge', 'svc')).toEqual({ code: 0, stdout: 'none\n', stderr: '' });
  });

  it('holds until the deadline, however good the testimony', async () => {
    await host.openTrial();
    await host.testimony();
    expect(await host.judge()).toBe('hold window');
    await host.pass(119);
    await host.testimony();
    expect(await host.judge()).toBe('hold window');
    expect(await host.version('committed')).toBe('1.0.0');
  });

  it('commits a candidate that proved itself: previous, committed, verdict, closed', async () => {
    await atDeadline();
    await host.testimony();
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'commit\n' });
    expect([await host.version('previous'), await host.version('committed'), await host.version('current')]).toEqual([
      '1.0.0',
      '1.1.0',
      '1.1.0',
    ]);
    expect(await host.verdict()).toBe('committed proved');
    expect(await host.trialIsOpen()).toBe(false);
    expect(await host.lines('probes')).toEqual([]);
    expect(await host.judge()).toBe('none');
    await restarted();
    expect(await host.trialIsOpen()).toBe(false);
  });

  it('takes the testimony of an attempt without an intent by the id unknown', async () => {
    await host.point('current', '1.1.0');
    await host.pre();
    await host.pass(120);
    await host.testimony({ attempt: 'unknown' });
    expect(await host.judge()).toBe('commit');
  });

  it.each([
    ['another attempt', { attempt: 'a-0' }],
    ['another run', { invocation: 'run-0' }],
    ['another boot', { boot_id: '99999999-0000-4000-8000-000000000000' }],
    ['another schema', { v: 2 }],
    ['a candidate that is not ready', { ready: 0 }],
    ['regressed checks', { checks: 'regressed' }],
    ['a candidate the manager did not accept', { authenticated: 0 }],
    ['a beat older than two intervals', { beat_uptime: 1_000 + 120 - 31 }],
    ['a beat in the future', { beat_uptime: 5_000 }],
    ['no beat', { beat_uptime: '' }],
  ])('testimony of %s proves nothing while the manager answers', async (_what, fields) => {
    await atDeadline();
    await host.testimony(fields);
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 10, stdout: 'revert deadline\n' });
    expect(await host.version('current')).toBe('1.0.0');
    expect(await host.verdict()).toBe('reverted deadline');
    await host.pass(5);
    await restarted();
    expect(await host.fields('record/verdict')).toMatchObject({ uptime: '1120' });
    expect(await host.trialIsOpen()).toBe(false);
    expect(await host.judge()).toBe('none');
  });

  it.each([
    ['missing', async () => undefined],
    [
      'a link',
      async () => {
        await host.testimony();
        await promisify(execFile)('mv', [host.at('root/trial/testimony'), host.at('elsewhere')]);
        await symlink(host.at('elsewhere'), host.at('root/trial/testimony'));
      },
    ],
    ['a FIFO', async () => void (await promisify(execFile)('mkfifo', [host.at('root/trial/testimony')]))],
    ['over 4 KiB', async () => host.testimony({ padding: 'x'.repeat(4096) })],
    [
      'shell code',
      async () =>
        writeFile(
          host.at('root/trial/testimony'),
          `v=1\nattempt=a-1\ninvocation=$(touch ${host.at('pwned')})\n. ${host.at('probe.sh')}\ntouch ${host.at('pwned')}\n`,
        ),
    ],
  ])('testimony that is %s proves nothing', async (_what, make) => {
    await atDeadline();
    await make();
    expect(await host.judge()).toBe('revert deadline');
    expect(await host.exists('pwned')).toBe(false);
  });

  it('asks the committed version, not the candidate, whether the manager answers', async () => {
    await atDeadline();
    await host.judge();
    expect(await host.lines('probes')).toEqual(['1.0.0 probe']);
  });

  it('a moved current is reverted at once, with a restart', async () => {
    await host.openTrial();
    await host.point('current', '1.0.0');
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 10, stdout: 'revert target_moved\n' });
  });

  it('a candidate that is gone at the deadline is reverted', async () => {
    await atDeadline();
    await rm(host.at('root/versions/1.1.0'), { recursive: true });
    expect(await host.judge()).toBe('revert target_unusable');
  });

  it('nothing runs: reverts and closes without asking for a restart', async () => {
    await atDeadline();
    host.state = 'failed';
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'revert deadline\n' });
    expect(await host.trialIsOpen()).toBe(false);
  });

  it('a service that is not up at the deadline is reverted, also while the manager is out', async () => {
    await host.managerAnswers(false);
    await atDeadline();
    host.state = 'activating';
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 10, stdout: 'revert deadline\n' });
    expect(await host.lines('probes')).toEqual([]);
  });

  it('regressed checks are reverted also while the manager is out; an old run’s testimony of them is not', async () => {
    await host.managerAnswers(false);
    await atDeadline();
    await host.testimony({ checks: 'regressed', invocation: 'run-0' });
    expect(await host.judge()).toBe('hold manager');
    await host.testimony({ checks: 'regressed' });
    expect(await host.judge()).toBe('revert deadline');
  });

  it('testimony is void after a machine boot: hold until the service starts, then a full window', async () => {
    await atDeadline();
    await host.testimony();
    await host.boot('44444444-0000-4000-8000-000000000000', 30);
    expect(await host.judge()).toBe('hold boot');
    await host.pre();
    await host.pass(119);
    expect(await host.judge()).toBe('hold window');
    await host.pass(1);
    expect(await host.judge()).toBe('revert deadline');
  });

  describe('with the manager out', () => {
    beforeEach(() => host.managerAnswers(false));

    it('holds, asks again once per beat interval, and commits when the candidate proves itself', async () => {
      await atDeadline({ beat_interval_secs: 10 });
      expect(await host.judge()).toBe('hold manager');
      await host.pass(9);
      expect(await host.judge()).toBe('hold manager');
      expect(await host.lines('probes')).toHaveLength(1);
      await host.pass(1);
      expect(await host.judge()).toBe('hold manager');
      expect(await host.lines('probes')).toHaveLength(2);
      expect(await host.fields('record/trial')).toMatchObject({ held_since_uptime: '1120' });
      await host.pass(100_000);
      await host.testimony();
      expect(await host.judge()).toBe('commit');
    });

    it('back again: the candidate has one full window to reconnect, then it is at fault', async () => {
      await atDeadline();
      expect(await host.judge()).toBe('hold manager');
      await host.managerAnswers(true);
      await host.pass(15);
      expect(await host.judge()).toBe('hold window');
      await host.pass(119);
      expect(await host.judge()).toBe('hold window');
      await host.pass(1);
      expect(await host.judge()).toBe('revert deadline');
    });

    it('for longer than max_secs: reverts for a reason of its own', async () => {
      await atDeadline({ max_secs: 60 });
      expect(await host.judge()).toBe('hold manager');
      await host.pass(60);
      expect(await host.judge()).toBe('hold manager');
      await host.pass(1);
      expect(await host.judge()).toBe('revert manager_unreachable');
    });

    it('a probe that hangs counts as out, and does not hold the lock after its time', async () => {
      await host.shim('timeout', 'case "$*" in *probe*) exit 124 ;; esac\nexec /usr/bin/timeout "$@"');
      await atDeadline();
      expect(await host.judge()).toBe('hold manager');
    });
  });

  it('the probe has ten seconds, then it is killed', async () => {
    await host.shim('timeout', `case "$*" in *probe*) echo "$1 $2 $3 $4" >"${host.at('limit')}" ;; esac\nexec /usr/bin/timeout "$@"`);
    await atDeadline();
    await host.judge();
    expect(await host.lines('limit')).toEqual(['--foreground -k 1 10']);
  });

  it('a lock that nobody gives back stops neither a start nor the next run', async () => {
    await host.openTrial();
    await host.shim('flock', `echo "$*" >>"${host.at('waits')}"; exit 1`);
    expect(await host.guard('pre', 'svc')).toMatchObject({ code: 0 });
    expect(await host.startsFrom()).toBe('committed');
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'hold lock\n' });
    expect(await host.lines('waits')).toEqual(['-w 20 9', '-w 20 9']);
    expect((await host.lines('record/counters'))[0]).toMatch(/^starts=00001 /);
  });

  it('two verbs never decide at the same time', async () => {
    await host.openTrial({ max_boot_attempts: 20 });
    await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 ? host.pre() : host.judge())));
    expect(await host.fields('record/counters')).toMatchObject({});
    expect((await host.lines('record/counters'))[0]).toMatch(/^starts=00007 /);
    await host.pass(120);
    await host.testimony();
    const [first, second] = await Promise.all([host.judge(), host.judge()]);
    expect([first, second].sort()).toEqual(['commit', 'none']);
  });

  describe('under systemd', () => {
    beforeEach(async () => {
      host.env = { TIDEGATE_INIT: 'systemd' };
      await host.shim(
        'systemctl',
        `echo "$*" >>"${host.at('calls')}"\ncase $1 in show) printf 'ActiveState=active\\nInvocationID=run-1\\n' ;; esac`,
      );
    });

    it('pre starts the timer when it opens a trial', async () => {
      await host.pre();
      expect(await host.lines('calls')).toEqual([]);
      await host.openTrial();
      expect(await host.lines('calls')).toEqual(['start --no-block tidegate-guard@svc.timer']);
    });

    it('judge asks for state and invocation, and stops the timer after a commit', async () => {
      await atDeadline();
      await host.testimony();
      host.state = 'inactive';
      host.invocation = 'nonsense';
      expect(await host.judge()).toBe('commit');
      expect((await host.lines('calls')).slice(1)).toEqual([
        'show -p ActiveState -p InvocationID svc.service',
        'stop --no-block tidegate-guard@svc.timer',
      ]);
    });

    it('judge restarts a service it takes back, unless someone stopped it', async () => {
      await atDeadline();
      expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'revert deadline\n' });
      expect((await host.lines('calls')).at(-1)).toBe('try-restart --no-block svc.service');
    });
  });
});
