import { createFdNotifier } from './fd-notifier.ts';
import { NO_NOTIFIER, type Notifier, type NotifyEnvironment } from './notifier.ts';

/** The pipe wins over the socket: a supervisor that gives one may itself run under systemd and leak its own socket. */
export async function createNotifier(environment: NotifyEnvironment, pid: number): Promise<Notifier> {
  const { TIDEGATE_NOTIFY_FD: fd, NOTIFY_SOCKET: socket } = environment;
  if (fd !== undefined && /^\d{1,4}$/.test(fd)) return createFdNotifier(Number(fd));
  if (socket === undefined || socket === '') return NO_NOTIFIER;
  const { createSystemdNotifier } = await import('./systemd-notifier.ts');
  return createSystemdNotifier(pid);
}
