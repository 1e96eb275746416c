import { access, mkdir, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EventLog } from './event-log.ts';
import { superviseService, type SupervisedService } from './index.ts';

const guard = fileURLToPath(new URL('../../../boot-guard/guard', import.meta.url));

/** Says READY=1, and testifies as a candidate that is well, when `good`. */
const agent = (good: boolean): string => `#!/bin/sh
if [ "$1" = probe ]; then exit 0; fi
read -r uptime _ </proc/uptime
cat >"$TIDEGATE_ROOT/trial/testimony" <<END
v=1
attempt=a-1
invocation=$INVOCATION_ID
boot_id=$(cat /proc/sys/kernel/random/boot_id)
ready=1
checks=ok
authenticated=${good ? 1 : 0}
beat_uptime=$uptime
END
echo READY=1 >&3
exec sleep 1000
`;

describe('a service under the real boot guard', () => {
  let folder: string;
  let events: EventLog;
  let service: SupervisedService | undefined;
  const root = (...path: readonly string[]): string => join(folder, 'root', ...path);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guarded-'));
    events = new EventLog();
    for (const name of ['staging', 'trial']) await mkdir(root(name), { recursive: true });
    await install('1.0.0', agent(true));
    await symlink('versions/1.0.0', root('current'));
  });
  afterEach(async () => {
    await service?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const install = async (version: string, script: string): Promise<void> => {
    await mkdir(root('versions', version, 'bin'), { recursive: true });
    await writeFile(root('versions', version, 'bin', 'svc'), script, { mode: 0o755 });
  };
  const supervise = (): SupervisedService =>
    superviseService({
      name: 'svc',
      type: 'notify',
      execStart: [join(folder, 'run/start/bin/svc')],
      env: { PATH: process.env['PATH'] ?? '' },
      restartDelayMs: 1,
      guard: { command: [guard], root: root(), guardDir: join(folder, 'record'), runDir: join(folder, 'run'), judgeIntervalMs: 50 },
      log: { file: join(folder, 'svc.log') },
      onEvent: events.record,
    });
  /** Swaps as the agent does, and ends the run as the agent does. The shortest window that the guard accepts is five seconds. */
  const activate = async (version: string, script: string): Promise<void> => {
    service = supervise();
    await events.nth('ready');
    await install(version, script);
    await writeFile(root('trial/intent'), `v=1\nattempt=a-1\ntarget=versions/${version}\nwindow_secs=5\n`);
    await symlink(`versions/${version}`, root('.next'));
    await rename(root('.next'), root('current'));
    service.restart();
  };
  const names = async (): Promise<readonly string[]> => Promise.all(['current', 'committed'].map((name) => readlink(root(name))));

  it('first install: what current names is committed and runs', async () => {
    service = supervise();
    await events.nth('ready');
    expect(await names()).toEqual(['versions/1.0.0', 'versions/1.0.0']);
    expect(events.of('verdict')).toEqual([]);
  });

  it('a candidate that proves itself is committed by the deadline, without a restart', async () => {
    await activate('1.1.0', agent(true));
    expect(await events.nth('verdict')).toEqual({
      type: 'verdict',
      verdict: 'committed',
      attempt: 'a-1',
      target: 'versions/1.1.0',
      from: 'versions/1.0.0',
      reason: 'proved',
    });
    expect(await names()).toEqual(['versions/1.1.0', 'versions/1.1.0']);
    expect(events.of('started')).toHaveLength(2);
  });

  it('a candidate that ends at once is taken back by the start after the third, and the verdict is told', async () => {
    await activate('1.2.0', '#!/bin/sh\nexit 1\n');
    expect(await events.nth('verdict')).toMatchObject({ verdict: 'reverted', reason: 'boot_attempts' });
    await events.nth('ready', 2);
    expect(events.of('exited').filter((event) => event.code === 1)).toHaveLength(3);
    expect(await names()).toEqual(['versions/1.0.0', 'versions/1.0.0']);
  });

  it('a candidate that stays up without proof is taken back at the deadline: restarted once, told once, trial closed', async () => {
    await activate('1.3.0', agent(false));
    expect(await events.nth('verdict')).toMatchObject({ verdict: 'reverted', reason: 'deadline' });
    await events.nth('ready', 3);
    expect(await names()).toEqual(['versions/1.0.0', 'versions/1.0.0']);
    await expect(access(join(folder, 'record/trial'))).rejects.toThrow('ENOENT');
    expect([events.of('verdict').length, events.of('started').length]).toEqual([1, 3]);
    expect(await readFile(join(folder, 'svc.log'), 'utf8')).toContain('guard: revert versions/1.3.0 (deadline)');
  });

  it('a prune request is served while the service runs', async () => {
    service = supervise();
    await events.nth('ready');
    await install('0.9.0', agent(true));
    await writeFile(root('trial/prune'), '0.9.0\n');
    const gone = async (path: string): Promise<boolean> =>
      access(path).then(
        () => false,
        () => true,
      );
    while (!(await gone(root('trial/prune')))) await new Promise(setImmediate);
    expect(await gone(root('versions/0.9.0'))).toBe(true);
  });

  it('a verdict that fell before this supervisor started is not told again', async () => {
    await mkdir(join(folder, 'record'));
    await writeFile(join(folder, 'record/verdict'), 'v=1\nattempt=old\nverdict=reverted\nreason=deadline\n');
    service = supervise();
    await events.nth('ready');
    expect(events.of('verdict')).toEqual([]);
  });

  it('a guard that cannot run keeps the service from starting, and is tried again', async () => {
    service = superviseService({
      name: 'svc',
      type: 'notify',
      execStart: [join(folder, 'run/start/bin/svc')],
      env: { PATH: process.env['PATH'] ?? '' },
      restartDelayMs: 1,
      guard: { command: [join(folder, 'missing')], root: root(), guardDir: join(folder, 'record'), runDir: join(folder, 'run') },
      log: { file: join(folder, 'svc.log') },
      onEvent: events.record,
    });
    expect((await events.nth('pre_failed', 2)).code).toBe(127);
    expect(events.of('started')).toEqual([]);
  });
});
