/** How a service talks to whatever supervises it. Losing a line is never an error: the supervisor's own deadline decides. */
export interface Notifier {
  /** The agent serves. */
  ready(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Call from the main loop only: a blocked loop must starve the watchdog. */
  watchdog(): void;
  /** A start or stop takes longer than the unit allows, by so much from now on. */
  extendStart(secs: number): void;
  /** Resolves when the line was handed over. */
  stopping(): Promise<void>;
}

export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly TIDEGATE_NOTIFY_FD?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
}

/** How often the watchdog is to be fed: a third of what the supervisor allows; null without a watchdog. */
export function watchdogIntervalMs({ WATCHDOG_USEC: usec }: NotifyEnvironment): number | null {
  const allowed = Number(usec);
  return Number.isFinite(allowed) && allowed > 0 ? allowed / 3000 : null;
}

export const NO_NOTIFIER: Notifier = { ready() {}, status() {}, watchdog() {}, extendStart() {}, stopping: () => Promise.resolve() };
