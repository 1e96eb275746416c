const POLL_MS = 100;

/** Asks until the answer is something other than undefined; what `what` names is missing after `timeoutMs`, that is the error. */
export async function eventually<T>(
  what: string | (() => string),
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
  pollMs = POLL_MS,
): Promise<T> {
  const givenUpAt = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > givenUpAt) throw new Error(`waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
