import type { LoggerService } from '@nestjs/common';
import type { Log } from './platform/index.ts';

/** Nest's own words go into our log; its start-up chatter only at debug. */
export const nestLogger = (log: Log): LoggerService => ({
  log: (message: unknown) => log.debug({ part: 'nest' }, String(message)),
  warn: (message: unknown) => log.warn({ part: 'nest' }, String(message)),
  error: (message: unknown, stack?: unknown) => log.error({ part: 'nest', stack }, String(message)),
  debug: (message: unknown) => log.debug({ part: 'nest' }, String(message)),
  verbose: () => {},
});
