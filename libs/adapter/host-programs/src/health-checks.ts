import { get } from 'node:http';
import type { CheckResult, HealthCheck, HealthChecks } from '@tidegate/engine-upgrade';
import { runProgram, type ProgramEnvironment } from './run-program.ts';

/** Asks what a release calls healthy: a local port over HTTP, or a program. Each check ends by its own limit. */
export const createHealthChecks = (environment: ProgramEnvironment): HealthChecks => ({
  run: (checks, slotFolder) =>
    Promise.all(
      checks.map(async (check): Promise<CheckResult> => {
        const detail = check.kind === 'http' ? await askHttp(check) : await askProgram(check, slotFolder, environment);
        return detail === null ? { id: check.id, ok: true } : { id: check.id, ok: false, detail };
      }),
    ),
});

type Http = Extract<HealthCheck, { kind: 'http' }>;
type Command = Extract<HealthCheck, { kind: 'command' }>;

/**
 * Null when it answers 200 to 399. The address is this machine and nothing else, whatever the manifest says: only port and path
 * are the publisher's, a redirect is an answer and is not followed, and the body is not read.
 */
function askHttp({ port, path, timeout_secs: timeoutSecs }: Http): Promise<string | null> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutSecs * 1000);
    const url = path.startsWith('/') ? path : `/${path}`;
    try {
      const request = get({ host: '127.0.0.1', port, path: url, agent: false, signal, headers: { connection: 'close' } }, (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        resolve(status >= 200 && status < 400 ? null : `status ${status}`);
      });
      request.once('error', (error: NodeJS.ErrnoException) => resolve(signal.aborted ? 'time limit' : (error.code ?? error.name)));
    } catch (error) {
      // A path with characters no request line can hold.
      resolve(error instanceof Error ? error.name : 'unknown');
    }
  });
}

async function askProgram(
  { argv, timeout_secs: timeoutSecs }: Command,
  slotFolder: string,
  environment: ProgramEnvironment,
): Promise<string | null> {
  const end = await runProgram({ argv, slotFolder, environment, timeoutMs: timeoutSecs * 1000, output: 'none' });
  if (end.how === 'exit') return end.status === 0 ? null : `exit status ${end.status}`;
  if (end.how === 'signal') return end.signal;
  return end.how === 'time limit' ? 'time limit' : end.errno;
}
