import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { GuardHost, shells } from './guard-host.ts';

const run = promisify(execFile);

describe.each(shells)('the guard and the disk, under %s', (_name, shell) => {
  let host: GuardHost;
  let mounted: string[];
  beforeEach(async () => {
    host = await GuardHost.create(shell);
    mounted = [];
  });
  afterEach(async () => {
    for (const path of mounted.reverse()) await run('umount', ['--lazy', path]);
    await host.remove();
  });

  /** A file system of its own under one of the host's folders, with what was in it. Needs root, which these machines have. */
  const mount = async (folder: string): Promise<void> => {
    await run('cp', ['-a', host.at(folder), host.at(`${folder}.copy`)]);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=755', 'tmpfs', host.at(folder)]);
    mounted.push(host.at(folder));
    await run('cp', ['-a', `${host.at(`${folder}.copy`)}/.`, host.at(folder)]);
  };
  const readOnly = async (folder: string): Promise<void> => void (await run('mount', ['-o', 'remount,ro', host.at(folder)]));
  const writable = async (folder: string): Promise<void> => void (await run('mount', ['-o', 'remount,rw', host.at(folder)]));
  const fill = async (folder: string): Promise<void> => {
    await expect(run('dd', ['if=/dev/zero', `of=${host.at(folder, 'ballast')}`, 'bs=4k'])).rejects.toThrow('No space left');
  };

  it('a full record still counts, takes the node back, and gives the verdict when there is room', async () => {
    await mount('record');
    await host.openTrial();
    await fill('record');
    await host.pre();
    await host.pre();
    expect((await host.lines('record/counters'))[0]).toMatch(/^starts=00003 /);
    expect(await host.startsFrom()).toBe('current');
    await host.pre();
    expect(await host.version('current')).toBe('1.0.0');
    expect(await host.verdict()).toBeUndefined();
    // The committed version runs now: it must not be restarted every second for a verdict that has no room.
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'hold disk\n' });
    await rm(host.at('record/ballast'));
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'revert boot_attempts\n' });
    expect(await host.verdict()).toBe('reverted boot_attempts');
    expect(await host.trialIsOpen()).toBe(false);
    await host.pre();
    expect(await host.startsFrom()).toBe('current');
  });

  it('a new boot on a full record has its full window', async () => {
    await mount('record');
    await host.openTrial();
    await fill('record');
    await host.boot('55555555-0000-4000-8000-000000000000', 40);
    await host.pre();
    await host.pass(119);
    expect(await host.judge()).toBe('hold window');
    await host.pass(1);
    expect(await host.judge()).toBe('revert deadline');
  });

  it('no room to open a trial: the committed version runs, the candidate waits for the next start', async () => {
    await mount('record');
    await host.pre();
    await fill('record');
    await host.intent();
    await host.point('current', '1.1.0');
    expect((await host.pre()).code).toBe(0);
    expect(await host.startsFrom()).toBe('committed');
    await rm(host.at('record/ballast'));
    await host.pre();
    expect(await host.startsFrom()).toBe('current');
    expect(await host.fields('record/trial')).toMatchObject({ attempt: 'a-1' });
  });

  it('a full root: links move and the verdict falls', async () => {
    await mount('root');
    await host.openTrial();
    await fill('root');
    await host.pass(120);
    expect(await host.judge()).toBe('revert deadline');
    expect(await host.version('current')).toBe('1.0.0');
  });

  it('a read-only root: the committed version is started through the link, the revert follows when it can', async () => {
    await mount('root');
    await host.openTrial();
    await readOnly('root');
    await host.pass(120);
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 10, stdout: 'revert deadline\n' });
    expect((await host.pre()).code).toBe(0);
    expect(await host.startsFrom()).toBe('committed');
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'hold disk\n' });
    await writable('root');
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'revert deadline\n' });
    expect([await host.version('current'), await host.trialIsOpen()]).toEqual(['1.0.0', false]);
  });

  it('a read-only record: no start that leaves no trace is given to the candidate', async () => {
    await mount('record');
    await host.openTrial();
    await readOnly('record');
    expect((await host.pre()).code).toBe(0);
    expect(await host.startsFrom()).toBe('committed');
    // The committed version runs and testifies for nobody, whatever it says; the trial must not stay open for ever.
    await host.pass(500);
    await host.testimony();
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'hold disk\n' });
    await writable('record');
    expect(await host.guard('judge', 'svc')).toMatchObject({ code: 0, stdout: 'revert uncounted\n' });
    expect([await host.version('current'), await host.version('committed'), await host.trialIsOpen()]).toEqual(['1.0.0', '1.0.0', false]);
  });

  it('a record that turns read-only in mid-trial: the deadline still ends the candidate', async () => {
    await mount('record');
    await host.openTrial();
    await readOnly('record');
    await host.pass(120);
    expect((await host.guard('judge', 'svc')).code).toBe(10);
    await host.pre();
    expect(await host.startsFrom()).toBe('committed');
  });

  it('a record folder that cannot be made does not stop a start', async () => {
    await rm(host.at('record'), { recursive: true });
    await writeFile(host.at('record'), 'in the way');
    expect((await host.pre()).code).toBe(0);
    expect(await host.startsFrom()).toBe('current');
  });

  it('read-only from the first start on: current is started', async () => {
    await rm(host.at('root/committed'));
    await mount('root');
    await readOnly('root');
    expect((await host.pre()).code).toBe(0);
    expect(await host.startsFrom()).toBe('current');
  });

  describe('sealing', () => {
    const agent = 4242;
    beforeEach(async () => {
      host.env = { TIDEGATE_SEAL: 'on' };
      await chmod(host.folder, 0o755);
      await run('chown', ['-R', `${agent}:${agent}`, host.at('root')]);
      await chown(host.at('root'), 0, agent);
      await chown(host.at('root/versions'), 0, agent);
      for (const folder of ['root', 'root/versions']) await chmod(host.at(folder), 0o1775);
    });
    const asAgent = (script: string): Promise<unknown> =>
      run('setpriv', [`--reuid=${agent}`, `--regid=${agent}`, '--clear-groups', 'sh', '-c', script], { cwd: host.folder });

    it('the agent can neither change, rename nor delete a slot in trial, nor the record, nor the committed links', async () => {
      await chmod(host.at('root/versions/1.1.0/bin/svc'), 0o4777);
      await host.openTrial();
      expect((await lstat(host.at('root/versions/1.1.0/bin/svc'))).mode & 0o7777).toBe(0o755);
      expect((await lstat(host.at('root/versions/1.1.0/bin'))).uid).toBe(0);
      for (const attempt of [
        'echo x >>root/versions/1.1.0/bin/svc',
        'rm root/versions/1.1.0/bin/svc',
        'mv root/versions/1.1.0 root/versions/x',
        'mv root/versions root/v',
        'echo x >record/counters',
        'rm record/trial',
        'flock -n record/lock true',
        'touch record/x',
      ]) {
        expect([
          attempt,
          await asAgent(attempt).then(
            () => 'done',
            () => 'refused',
          ),
        ]).toEqual([attempt, 'refused']);
      }
      await host.pass(120);
      await host.testimony();
      expect(await host.judge()).toBe('commit');
      await expect(asAgent('rm root/committed')).rejects.toThrow();
      await expect(asAgent('ln -s versions/1.0.0 root/.x && mv -T root/.x root/previous')).rejects.toThrow();
    });

    it('a slot that was unpacked under a private umask still starts as the agent’s user', async () => {
      await run('chmod', ['-R', 'go=', host.at('root/versions/1.1.0')]);
      await host.openTrial();
      await asAgent('test -x root/versions/1.1.0/bin/svc && cat root/versions/1.1.0/bin/svc');
    });

    it('current stays the agent’s to swap after a revert', async () => {
      await host.openTrial({ max_boot_attempts: 1 });
      await host.pre();
      expect(await host.verdict()).toBe('reverted boot_attempts');
      await asAgent('ln -s versions/1.1.0 root/.x && mv -T root/.x root/current');
      expect(await host.version('current')).toBe('1.1.0');
    });

    it('and when the candidate removed the folder that names the agent', async () => {
      await host.openTrial({ max_boot_attempts: 1 });
      // As after a real activation: who swapped the link owns it.
      await run('chown', ['-h', `${agent}:${agent}`, host.at('root/current')]);
      await asAgent('rm -r root/staging');
      await host.pre();
      expect(await host.verdict()).toBe('reverted boot_attempts');
      await asAgent('ln -s versions/1.1.0 root/.x && mv -T root/.x root/current');
    });

    it('the probe runs as the agent’s user', async () => {
      await writeFile(host.at('probe.sh'), `id -u >"${host.at('root/staging/uid')}"; exit 0\n`);
      await writeFile(host.at('probes'), '');
      await chown(host.at('probes'), agent, agent);
      await host.openTrial();
      await host.pass(120);
      expect(await host.judge()).toBe('revert deadline');
      expect(await host.lines('root/staging/uid')).toEqual([String(agent)]);
    });
  });

  describe('pruning', () => {
    const versions = async (): Promise<readonly string[]> => (await readdir(host.at('root/versions'))).sort();
    beforeEach(async () => {
      await host.install('0.8.0');
      await host.install('0.9.0');
      await host.point('previous', '0.9.0');
    });

    it('deletes what was asked for and then forgets the request', async () => {
      await writeFile(host.at('root/trial/prune'), '0.8.0\n1.1.0\n');
      expect(await host.judge()).toBe('none');
      expect(await versions()).toEqual(['0.9.0', '1.0.0']);
      expect(await host.exists('root/trial/prune')).toBe(false);
    });

    it('never what a link names, nor the candidate; the old previous goes once a commit has released it', async () => {
      await host.openTrial();
      await writeFile(host.at('root/trial/prune'), '0.8.0\n0.9.0\n1.0.0\n1.1.0\n');
      expect(await host.judge()).toBe('hold window');
      expect(await versions()).toEqual(['0.8.0', '0.9.0', '1.0.0', '1.1.0']);
      await host.pass(120);
      await host.testimony();
      expect(await host.judge()).toBe('commit');
      expect(await versions()).toEqual(['1.0.0', '1.1.0']);
    });

    it('resolves the links at the moment of deletion', async () => {
      await writeFile(host.at('root/trial/prune'), '0.8.0\n0.9.0\n');
      await host.point('previous', '0.8.0');
      await host.pre();
      expect(await versions()).toEqual(['0.8.0', '1.0.0', '1.1.0']);
    });

    it.each(['../../victim', '..', '.', '/', '*', '0.8.0/../1.0.0', '.hidden'])('the request %j deletes nothing', async (name) => {
      await mkdir(host.at('victim'));
      await writeFile(host.at('root/trial/prune'), `${name}\n`);
      await host.judge();
      expect(await versions()).toEqual(['0.8.0', '0.9.0', '1.0.0', '1.1.0']);
      expect(await host.exists('victim')).toBe(true);
    });

    it('finishes what a killed guard had begun', async () => {
      await run('mv', [host.at('root/versions/0.8.0'), host.at('root/versions/.0.8.0.pruned')]);
      await writeFile(host.at('root/trial/prune'), '0.8.0\n');
      await host.judge();
      expect(await versions()).toEqual(['0.9.0', '1.0.0', '1.1.0']);
    });

    it('follows no link in the place of the request’s folder', async () => {
      await rm(host.at('root/trial'), { recursive: true });
      await mkdir(host.at('elsewhere'));
      await writeFile(host.at('elsewhere/prune'), '0.8.0\n');
      await symlink(host.at('elsewhere'), host.at('root/trial'));
      await host.judge();
      expect(await host.exists('elsewhere/prune')).toBe(true);
      expect(await versions()).toContain('0.8.0');
    });
  });
});
