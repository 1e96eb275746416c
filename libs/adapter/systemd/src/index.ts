export { createNotifier } from './create-notifier.ts';
export { watchdogIntervalMs, type Notifier, type NotifyEnvironment } from './notifier.ts';
