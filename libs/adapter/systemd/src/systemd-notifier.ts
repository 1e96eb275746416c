import { spawn } from 'node:child_process';
import notify from 'systemd-notify';
import type { Notifier } from './notifier.ts';

/**
 * Through the `systemd-notify` tool: Node has no datagram sockets on the file system. The unit needs `NotifyAccess=all`,
 * since the line comes from a child of ours. The npm package knows READY and STATUS only.
 */
export function createSystemdNotifier(pid: number): Notifier {
  const quietly = (handed: Promise<unknown>): void => void handed.catch(() => {});
  const assign = (assignment: string): Promise<void> =>
    new Promise((resolve) => {
      const child = spawn('systemd-notify', [`--pid=${pid}`, assignment], { stdio: 'ignore' });
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  return {
    ready: () => quietly(notify({ ready: true, pid })),
    status: (text) => quietly(notify({ status: text.replaceAll('\n', ' '), pid })),
    watchdog: () => void assign('WATCHDOG=1'),
    extendStart: (secs) => void assign(`EXTEND_TIMEOUT_USEC=${Math.ceil(secs) * 1_000_000}`),
    stopping: () => assign('STOPPING=1'),
  };
}
