import { outsideRequests } from './log.ts';

/**
 * Makes a periodic act that never overlaps with itself: calls during a run are answered by one more run after it. A slow
 * database would otherwise pile up the same sweep until no connection is left for anybody else.
 */
export function oneAtATime(act: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await act();
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void outsideRequests(run);
  };
}
