import type { ServiceEvent } from '../supervisor/index.ts';

/**
 * One line for what a person should know about a service, or undefined for what is ordinary. Starts after an activation are
 * ordinary: the node ends itself with code 0 to be started as the new version.
 */
export function noteOf(name: string, event: ServiceEvent): string | undefined {
  switch (event.type) {
    case 'exited':
      return event.code === 0 ? undefined : `${name} ended (${event.signal ?? `exit code ${event.code}`}); it is started again`;
    case 'watchdog':
      return `${name} no longer feeds its watchdog; it is killed and started again`;
    case 'start_timeout':
      return `${name} was not ready after ${(event.afterMs / 1000).toFixed(0)} s; it is killed and started again`;
    case 'spawn_failed':
      return `${name} could not be started (${event.code}); trying again`;
    case 'pre_failed':
      return `the boot guard of ${name} could not run (${event.signal ?? `exit code ${event.code}`}); trying again`;
    case 'verdict': {
      const version = event.target.replace(/^versions\//, '');
      if (event.verdict === 'committed') return `${name}: ${version} proved itself and is committed`;
      return `${name}: ${version} was taken back to ${event.from.replace(/^versions\//, '')} (${event.reason})`;
    }
    // Nodes say in the console whether they are connected; what stands behind all of them is said here.
    case 'status':
      return name === 'manager' && event.text !== 'starting' ? `manager: ${event.text}` : undefined;
    case 'started':
    case 'ready':
    case 'restarting':
    case 'stopped':
      return undefined;
  }
}
