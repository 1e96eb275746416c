import type { Clock } from './ports/surroundings.ts';

/** Far above what any manager has reason to send one node, far below what wears a disk out. */
export const COMMANDS_PER_MINUTE = 60;
const WINDOW_SECS = 60;

/**
 * Each command costs durable writes before it is answered, also one that is refused: a manager gone bad sent 10,000 and kept
 * the disk busy for minutes, and a person on the node waiting. Beyond the limit the answer is given without a write. In memory,
 * on the boot-time clock: no manager can restart an agent faster than attempts are allowed.
 */
export function createCommandBrake(clock: Pick<Clock, 'uptimeSecs'>): { readonly takes: () => boolean } {
  const taken: number[] = [];
  return {
    takes() {
      const now = clock.uptimeSecs();
      while (taken[0] !== undefined && now - taken[0] >= WINDOW_SECS) taken.shift();
      if (taken.length >= COMMANDS_PER_MINUTE) return false;
      taken.push(now);
      return true;
    },
  };
}
