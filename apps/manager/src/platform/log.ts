import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type Logger } from 'pino';
import { harmless } from './log-text.ts';

export type Log = Logger;

const requests = new AsyncLocalStorage<string>();

/** Everything that `act` begins logs under the id of its request. */
export const withRequestId = (id: string, act: () => void): void => requests.run(id, act);

/** Of work that goes on for others: it must not be told under the id of the request that happened to begin it. */
export const outsideRequests = <T>(act: () => T): T => requests.exit(act);

/** JSON lines on stdout. Exceptions are logged by class and code with their stack, never with a request's body. */
export const createLog = (level = 'info', destination?: { write(line: string): void }): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      mixin: () => {
        const id = requests.getStore();
        return id === undefined ? {} : { request_id: id };
      },
      hooks: {
        // Here and not where lines are written: whatever is logged from anywhere comes through.
        logMethod(args, method) {
          method.apply(this, args.map((given: unknown) => harmless(given)) as typeof args);
        },
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
