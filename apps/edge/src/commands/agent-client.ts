import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { CodedError, isErrorCode, type ErrorDetails } from '@tidegate/contract-errors';
import { loadConfig } from '../config/load-config.ts';
import type { EdgeEnvironment } from '../environment.ts';
import { readLocalToken } from '../local-api/local-token.ts';
import { socketPath } from '../local-api/open-local-api.ts';

/** Above the longest answer: a look at a source and its mirrors. */
const TIMEOUT_MS = 120_000;

/**
 * Asks the running agent over its socket. Throws `agent_not_running` when none answers, and whatever code the agent
 * refuses with.
 */
export async function askAgent(
  environment: EdgeEnvironment,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const loaded = await loadConfig(environment);
  // The agent runs on what it read at its start; a configuration that was broken since then is not its fault.
  const socket = socketPath(environment.root, loaded.ok ? loaded.value.config : null);
  const token = await readLocalToken(environment.root);
  if (token === null) throw new CodedError('agent_not_running', { socket, reason: 'has never run' });
  const { status, answer } = await exchange({ socket, method, path, token, body });
  if (status < 400) return answer;
  const { code, details } = answer as { readonly code?: unknown; readonly details?: ErrorDetails };
  throw new CodedError(typeof code === 'string' && isErrorCode(code) ? code : 'local_fault', details ?? { status });
}

interface Exchange {
  readonly socket: string;
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body: object | undefined;
}

function exchange({ socket, method, path, token, body }: Exchange): Promise<{ status: number; answer: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const bytes = body && Buffer.from(JSON.stringify(body));
    const headers = {
      authorization: `Bearer ${token}`,
      ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
    };
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new CodedError('agent_not_running', { socket, reason: error.code ?? error.name }));
    const asking = request({ socketPath: socket, method, path, headers, agent: false, timeout: TIMEOUT_MS }, (response) => {
      text(response)
        .then((said) => resolve({ status: response.statusCode ?? 0, answer: JSON.parse(said) as Record<string, unknown> }))
        .catch(fail);
    });
    asking.on('error', fail);
    asking.on('timeout', () => asking.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    asking.end(bytes);
  });
}
