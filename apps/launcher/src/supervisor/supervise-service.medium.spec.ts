import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EventLog } from './event-log.ts';
import { superviseService, type ServiceEvent, type ServiceOptions, type SupervisedService } from './index.ts';

let folder: string;
let running: SupervisedService[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  await rm(folder, { recursive: true, force: true });
});

const path = process.env['PATH'] ?? '';
const node = process.execPath;

/** A shell script as the service; `exec sleep 1000` stands for an agent that serves. */
function start(
  script: string | readonly [string, ...string[]],
  options: Partial<ServiceOptions> = {},
): { service: SupervisedService; events: EventLog } {
  const events = new EventLog();
  const service = superviseService({
    name: 'svc',
    type: 'notify',
    execStart: typeof script === 'string' ? ['sh', '-c', script] : script,
    env: { PATH: path, FOLDER: folder },
    restartDelayMs: 1,
    log: { file: join(folder, 'svc.log') },
    onEvent: events.record,
    ...options,
  });
  running.push(service);
  return { service, events };
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Zombies count as gone: in a container nobody may reap an orphan. */
async function untilGone(pid: number): Promise<void> {
  while (alive(pid) && !/^State:\s+[ZX]/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State: X'))) {
    await new Promise(setImmediate);
  }
}

describe('a supervised service', () => {
  it('is active once it says READY=1 through the descriptor, not before', async () => {
    const { service, events } = start(
      'echo READY=0 >&3; while [ ! -e "$FOLDER/go" ]; do sleep 0.01; done; echo READY=1 >&3; exec sleep 1000',
    );
    await events.nth('started');
    expect(service.state).toBe('activating');
    await writeFile(join(folder, 'go'), '');
    await events.nth('ready');
    expect(service.state).toBe('active');
  });

  it('of type simple is active once it is spawned and gets no descriptor', async () => {
    const { service, events } = start('echo "fd=${TIDEGATE_NOTIFY_FD-none}"; exit 0', { type: 'simple', restartDelayMs: 60_000 });
    await events.nth('restarting');
    expect(events.all.map((event) => event.type)).toEqual(['started', 'ready', 'exited', 'restarting']);
    await service.stop();
    expect(await readFile(join(folder, 'svc.log'), 'utf8')).toBe('fd=none\n');
  });

  it('gets the environment contract, with a fresh invocation id per start', async () => {
    const { service, events } = start('echo "$INVOCATION_ID $WATCHDOG_USEC $TIDEGATE_NOTIFY_FD"; exit 0', { watchdogMs: 1_500 });
    await events.nth('exited', 2);
    await service.stop();
    const [first, second] = (await readFile(join(folder, 'svc.log'), 'utf8')).split('\n');
    expect(first).toMatch(/^[0-9a-f]{32} 1500000 3$/);
    expect(second).toMatch(/^[0-9a-f]{32} 1500000 3$/);
    expect(second).not.toBe(first);
    expect(events.of('started').map((event) => event.invocationId)).toContain(first?.slice(0, 32));
  });

  it('is started again after every kind of end, and says how it ended', async () => {
    const { events } = start(
      'n=$(cat "$FOLDER/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$FOLDER/n"; case $n in 0) exit 0 ;; 1) exit 7 ;; 2) kill -KILL $$ ;; esac; echo READY=1 >&3; exec sleep 1000',
    );
    await events.nth('ready');
    expect(events.of('exited')).toEqual([
      { type: 'exited', code: 0, signal: null },
      { type: 'exited', code: 7, signal: null },
      { type: 'exited', code: null, signal: 'SIGKILL' },
    ]);
    expect(events.of('restarting')).toHaveLength(3);
  });

  it('that does not exist is reported and tried again', async () => {
    const { events } = start([join(folder, 'missing')]);
    await events.nth('restarting', 2);
    expect(events.of('exited')[0]).toEqual({ type: 'exited', code: 127, signal: null });
  });

  it('is slowed down, not given up, when it starts too often', async () => {
    const { events } = start('exit 1', { startLimit: { burst: 2, intervalMs: 60_000, maxDelayMs: 8 } });
    await events.nth('restarting', 5);
    expect(events.of('restarting').map((event) => event.delayMs)).toEqual([1, 2, 4, 8, 8]);
  });

  it('that asks for a longer start is given it', async () => {
    const { events } = start('echo EXTEND_TIMEOUT_USEC=60000000 >&3; sleep 0.2; echo READY=1 >&3; exec sleep 1000', {
      startTimeoutMs: 100,
    });
    expect((await events.nth('ready')).afterMs).toBeGreaterThan(150);
    expect(events.of('start_timeout')).toEqual([]);
  });

  it('that never says READY=1 is ended at the start timeout', async () => {
    const { events } = start('exec sleep 1000', { startTimeoutMs: 50 });
    expect((await events.nth('start_timeout')).afterMs).toBeGreaterThanOrEqual(49);
    expect(await events.nth('exited')).toEqual({ type: 'exited', code: null, signal: 'SIGTERM' });
  });
});

describe('the watchdog', () => {
  it('aborts a service whose event loop hangs after it was fed', async () => {
    const script = `const { writeSync } = require('node:fs'); writeSync(3, 'READY=1\\n');
      let n = 0; setInterval(() => { writeSync(3, 'WATCHDOG=1\\n'); if (++n === 3) for (;;); }, 20);`;
    const { events } = start([node, '-e', script], { watchdogMs: 400 });
    expect((await events.nth('watchdog')).fed).toBe(true);
    expect(await events.nth('exited')).toEqual({ type: 'exited', code: null, signal: 'SIGABRT' });
    await events.nth('started', 2);
  });

  it('says when it was never fed, and kills what survives the abort', async () => {
    const { events } = start('trap "" ABRT; echo READY=1 >&3; while :; do sleep 0.05; done', { watchdogMs: 50, stopTimeoutMs: 50 });
    expect((await events.nth('watchdog')).fed).toBe(false);
    expect(await events.nth('exited')).toEqual({ type: 'exited', code: null, signal: 'SIGKILL' });
  });

  it('does not run before READY=1: a slow start is the start timeout’s business', async () => {
    const { service, events } = start('sleep 0.3; echo READY=1 >&3; while :; do echo WATCHDOG=1 >&3; sleep 0.02; done', {
      watchdogMs: 250,
    });
    await events.nth('ready');
    expect(events.of('watchdog')).toEqual([]);
    expect(service.state).toBe('active');
  });

  it('leaves no core dump behind', async () => {
    const { events } = start('[ "$(ulimit -Hc)" = 0 ] && echo READY=1 >&3; exec sleep 1000');
    await events.nth('ready');
  });
});

describe('stopping', () => {
  it('sends SIGTERM, waits for the end, and starts nothing afterwards', async () => {
    const { service, events } = start('trap "echo ended; exit 3" TERM; echo READY=1 >&3; while :; do sleep 0.01; done');
    await events.nth('ready');
    await service.stop();
    expect(events.all.slice(-2)).toEqual([{ type: 'exited', code: 3, signal: null }, { type: 'stopped' }]);
    expect(service.state).toBe('inactive');
    expect(service.pid).toBeUndefined();
  });

  it('kills what ignores SIGTERM, and the processes it started', async () => {
    const { service, events } = start(
      'trap "" TERM; sleep 1000 & echo $! >"$FOLDER/grandchild"; echo READY=1 >&3; while :; do sleep 0.05; done',
      { stopTimeoutMs: 50 },
    );
    await events.nth('ready');
    await service.stop();
    expect(events.of('exited')).toEqual([{ type: 'exited', code: null, signal: 'SIGKILL' }]);
    await untilGone(Number(await readFile(join(folder, 'grandchild'), 'utf8')));
  });

  it('ends what a service leaves behind when it exits by itself', async () => {
    const { events } = start('sleep 1000 & echo $! >"$FOLDER/grandchild"; exit 0', { restartDelayMs: 60_000 });
    await events.nth('restarting');
    await untilGone(Number(await readFile(join(folder, 'grandchild'), 'utf8')));
  });

  it('cuts the wait before a restart short', async () => {
    const { service, events } = start('exit 1', { restartDelayMs: 3_600_000 });
    await events.nth('restarting');
    await service.stop();
    expect(events.of('started')).toHaveLength(1);
  });

  it('restart ends the run and starts the next one without a delay', async () => {
    const { service, events } = start('echo READY=1 >&3; exec sleep 1000', { restartDelayMs: 3_600_000 });
    await events.nth('ready');
    service.restart();
    await events.nth('ready', 2);
    expect(events.of('restarting')).toEqual([{ type: 'restarting', delayMs: 0 }]);
  });
});

describe('when the supervisor is killed with -9', () => {
  it('every child is gone, also one that ignores signals or hangs', async () => {
    const host = `
      const { superviseService } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
      const scripts = ['exec sleep 1000', 'trap "" TERM INT HUP; while :; do :; done', 'exec "$NODE" -e "for (;;);"'];
      scripts.forEach((script, n) => superviseService({ name: 's' + n, type: 'simple', execStart: ['sh', '-c', script],
        env: { PATH: process.env.PATH, NODE: process.execPath }, log: { file: process.env.FOLDER + '/' + n },
        onEvent: (event) => event.type === 'started' && console.log(event.pid) }));`;
    const parent = spawn(node, ['--input-type=module', '-e', host], {
      env: { PATH: path, FOLDER: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pids: number[] = [];
    for await (const line of createInterface({ input: parent.stdout })) {
      if (pids.push(Number(line)) === 3) break;
    }
    expect(pids.filter(alive)).toEqual(pids);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await Promise.all(pids.map(untilGone));
  });
});

describe('the log', () => {
  it('has the last words of a process before its end is told', async () => {
    // The supervisor looks away until the process is dead, so that its end and its output are there at the same moment.
    const events = new EventLog();
    const onEvent = (event: ServiceEvent): void => {
      events.record(event);
      if (event.type === 'started')
        spawnSync('sh', ['-c', `while [ ! -e '${folder}/done' ]; do sleep 0.01; done; sleep 0.05`], { timeout: 5_000 });
    };
    start('head -c 100000 /dev/zero | tr "\\0" x; echo last words; : >"$FOLDER/done"; exit 1', { restartDelayMs: 60_000, onEvent });
    await events.nth('exited');
    const text = await readFile(join(folder, 'svc.log'), 'utf8');
    expect([text.length, text.slice(-11)]).toEqual([100_011, 'last words\n']);
  });

  it('holds both outputs and is bounded by one older file', async () => {
    const { service, events } = start('echo out; echo err >&2; exit 0', { log: { file: join(folder, 'deep', 'svc.log'), maxBytes: 30 } });
    await events.nth('exited', 8);
    await service.stop();
    const [now, older] = await Promise.all(['svc.log', 'svc.log.1'].map((name) => readFile(join(folder, 'deep', name), 'utf8')));
    expect(older?.length).toBeLessThanOrEqual(30);
    expect(now?.length).toBeLessThanOrEqual(30);
    expect(`${older}${now}`).toMatch(/out/);
    expect(`${older}${now}`).toMatch(/err/);
  });
});
