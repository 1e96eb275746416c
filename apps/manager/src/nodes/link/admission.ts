/**
 * Who may open a socket while many have not said who they are. A node answers the hello within a round trip; somebody who only
 * holds sockets open does not. So when there is no room, the oldest silent socket of the address that holds most of them goes, and
 * whoever comes is let in: a thousand silent sockets cost an honest node one retry at most. A node whose version is on trial has a
 * deadline: it waits for nobody's patience, and some room is kept for it. That it is on trial is its own claim, which is why it
 * gains no more than that.
 */
export interface Stranger {
  readonly address: string;
  readonly sinceMs: number;
  /** Has sent something and waits for the database. */
  readonly busy: boolean;
}

export const ROOM = {
  strangers: 1000,
  /** On top, for nodes on trial. */
  kept: 100,
  /** Nobody is shown out earlier: a slow link answers within this. */
  patienceMs: 2000,
} as const;

export type Admission<T> = { readonly admit: true; readonly instead: T | null } | { readonly admit: false };

/** @param strangers oldest first. @returns whom to show out in exchange. */
export function admit<T extends Stranger>(strangers: readonly T[], onTrial: boolean, nowMs: number): Admission<T> {
  if (strangers.length < ROOM.strangers) return { admit: true, instead: null };
  const patienceMs = onTrial ? 0 : ROOM.patienceMs;
  const silent = strangers.filter((stranger) => !stranger.busy && nowMs - stranger.sinceMs >= patienceMs);
  const crowds = new Map<string, number>();
  for (const { address } of strangers) crowds.set(address, (crowds.get(address) ?? 0) + 1);
  const crowdOf = ({ address }: T): number => crowds.get(address) ?? 0;
  const victim = silent.reduce<T | null>((worst, stranger) => (worst && crowdOf(worst) >= crowdOf(stranger) ? worst : stranger), null);
  if (victim) return { admit: true, instead: victim };
  return onTrial && strangers.length < ROOM.strangers + ROOM.kept ? { admit: true, instead: null } : { admit: false };
}
