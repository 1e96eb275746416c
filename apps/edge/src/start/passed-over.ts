import type { Timers } from '@tidegate/engine-node-link';
import type { SlotStore } from '@tidegate/engine-upgrade';

/** Long enough that a disk which stays full does not make a node flap, short enough that nobody has to come. */
const LOOK_AFTER_MS = 600_000;

export interface PassedOver {
  readonly links: SlotStore['links'];
  readonly running: string;
  readonly timers: Pick<Timers, 'after'>;
  readonly restart: () => void;
}

/**
 * A guard that cannot record a trial starts the committed version instead of the candidate, and tries again at the next
 * start. Nothing else would ever start this agent again, and its attempt would stay between the versions for ever: so an agent
 * that finds itself committed while `current` names another asks for that start itself.
 */
export function startAgainWhenPassedOver({ links, running, timers, restart }: PassedOver): void {
  const lookLater = (): void => void timers.after(LOOK_AFTER_MS, () => void look().catch(lookLater));
  const look = async (): Promise<void> => {
    const { current, committed } = await links();
    if (committed === running && current !== null && current !== running) restart();
    else lookLater();
  };
  lookLater();
}
