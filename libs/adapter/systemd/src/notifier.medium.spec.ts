import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createNotifier } from './create-notifier.ts';
import { watchdogIntervalMs } from './notifier.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-notify-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('through an inherited pipe', () => {
  it('writes the lines of systemd, in order', async () => {
    const file = join(folder, 'lines');
    const fd = openSync(file, 'w');
    const notifier = await createNotifier({ TIDEGATE_NOTIFY_FD: String(fd), NOTIFY_SOCKET: '/run/nobody' }, process.pid);
    notifier.ready();
    notifier.status('1.0.0: connected\nREADY=0');
    notifier.watchdog();
    notifier.extendStart(90);
    await notifier.stopping();
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe(
      'READY=1\nSTATUS=1.0.0: connected READY=0\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=90000000\nSTOPPING=1\n',
    );
  });

  it('outlives a supervisor that takes nothing', async () => {
    writeFileSync(join(folder, 'lines'), '');
    const fd = openSync(join(folder, 'lines'), 'r');
    const notifier = await createNotifier({ TIDEGATE_NOTIFY_FD: String(fd) }, process.pid);
    notifier.ready();
    await expect(notifier.stopping()).resolves.toBeUndefined();
    closeSync(fd);
  });

  it('piles up no watchdog lines while none gets through', async () => {
    const fd = openSync(join(folder, 'lines'), 'w');
    const notifier = await createNotifier({ TIDEGATE_NOTIFY_FD: String(fd) }, process.pid);
    for (let n = 0; n < 100; n++) notifier.watchdog();
    await notifier.stopping();
    closeSync(fd);
    expect(readFileSync(join(folder, 'lines'), 'utf8')).toBe(`${'WATCHDOG=1\n'.repeat(4)}STOPPING=1\n`);
  });
});

describe('through systemd-notify', () => {
  const notifyAll = async (path: string): Promise<number | null> => {
    const script = join(import.meta.dirname, 'testing/notify-all.ts');
    const child = spawn(process.execPath, ['--no-warnings', script], { env: { PATH: path }, stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };

  it('hands over each line with the pid of the agent', async () => {
    // Stands in for the tool, which needs a systemd to talk to: one line per call.
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\nprintf '%s\\n' "$*" >> "${folder}/calls"\n`);
    chmodSync(join(folder, 'systemd-notify'), 0o755);
    expect(await notifyAll(`${folder}:/usr/bin:/bin`)).toBe(0);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').sort();
    expect(calls).toEqual(['--pid=4242 --status=connected', '--pid=4242 STOPPING=1', '--pid=4242 WATCHDOG=1', '--ready --pid=4242'].sort());
  });

  it('goes on without the tool', async () => {
    expect(await notifyAll(join(folder, 'empty'))).toBe(0);
  });
});

describe('without a supervisor', () => {
  it.each([{}, { NOTIFY_SOCKET: '' }, { TIDEGATE_NOTIFY_FD: 'three' }])('%j is silent', async (environment) => {
    const notifier = await createNotifier(environment, process.pid);
    notifier.ready();
    notifier.status('x');
    notifier.watchdog();
    await expect(notifier.stopping()).resolves.toBeUndefined();
  });
});

describe('watchdogIntervalMs', () => {
  it.each([
    ['4000000', 4000 / 3],
    ['0', null],
    ['', null],
    ['soon', null],
    [undefined, null],
  ])('%p -> %p', (usec, intervalMs) => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: usec })).toBe(intervalMs);
  });
});
