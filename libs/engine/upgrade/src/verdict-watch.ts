import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import { settleVerdict } from './recover.ts';

const VERDICT_POLL_MS = 250;

/** Looks for the guard's verdict until there is one; returns what ends the looking, and lets a look that is on finish. A full disk only delays it. */
export function watchVerdict(ledger: Ledger, parts: EngineParts, onSettled: () => void): () => Promise<void> {
  let busy = false;
  let looking: Promise<void> = Promise.resolve();
  const stop = parts.clock.every(VERDICT_POLL_MS, () => {
    if (busy) return;
    busy = true;
    looking = settleVerdict(ledger, parts)
      .then((settled) => {
        if (!settled) return;
        stop();
        onSettled();
      })
      .catch((error: unknown) => parts.log('verdict could not be taken', { error: error instanceof Error ? error.name : typeof error }))
      .finally(() => (busy = false));
  });
  return () => {
    stop();
    return looking;
  };
}
