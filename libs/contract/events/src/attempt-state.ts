import { z } from 'zod';

/** One vocabulary from agent to page. `trial` covers migrating and proving; the four terminal states never change again. */
export const ATTEMPT_STATES = [
  'accepted',
  'resolving',
  'verifying',
  'fetching',
  'staged',
  'draining',
  'snapshotting',
  'activating',
  'trial',
  'rolling_back',
  'committed',
  'rolled_back',
  'failed',
  'refused',
] as const;
export const attemptState = z.enum(ATTEMPT_STATES);
export type AttemptState = z.infer<typeof attemptState>;

export const TERMINAL_STATES = ['committed', 'rolled_back', 'failed', 'refused'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];
export const isTerminal = (state: AttemptState): state is TerminalState => (TERMINAL_STATES as readonly string[]).includes(state);

/** The way of an attempt that goes well, in its order. */
export const ATTEMPT_PATH = [
  'accepted',
  'resolving',
  'verifying',
  'fetching',
  'staged',
  'draining',
  'snapshotting',
  'activating',
  'trial',
  'committed',
] as const satisfies readonly AttemptState[];
