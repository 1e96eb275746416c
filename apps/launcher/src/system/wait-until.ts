import { CodedError } from '@tidegate/contract-errors';

const POLL_MS = 100;

/**
 * Asks until the answer is something other than undefined. What does not come about in time is `service_unready` with
 * `what` in the details. An error of the question ends the wait: a question that may fail answers undefined instead.
 */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
  signal?: AbortSignal,
): Promise<T> {
  const givenUpAt = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > givenUpAt) throw new CodedError('service_unready', { what, waited_ms: timeoutMs });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** For waits on something that is either there or not. */
export const isTrue = (condition: boolean): true | undefined => (condition ? true : undefined);
