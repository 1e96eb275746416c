import { pino, type Logger } from 'pino';

export type Log = Logger;

/** Never in a log line, wherever in the object it stands. */
const SECRET_KEYS = ['password', 'token', 'cookie', 'authorization', 'csrf_token', 'signature', 'secret', 'database_url'];

/** JSON lines on stdout. Exceptions are logged by class and code with their stack, never with a request's body. */
export const createLog = (level = 'info', destination?: { write(line: string): void }): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
