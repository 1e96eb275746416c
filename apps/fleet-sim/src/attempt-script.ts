import type { AttemptState, EventName } from '@tidegate/contract-events';
import type { Behaviour } from './faults.ts';

/** One thing a node does on its way through an attempt. */
export type Step =
  | { readonly do: 'move'; readonly to: AttemptState; readonly afterMs: number }
  | { readonly do: 'report'; readonly event: EventName; readonly code?: string }
  /** Goes away and comes back as this version, for `downMs`. */
  | { readonly do: 'respawn'; readonly as: 'candidate' | 'committed'; readonly downMs: number }
  | { readonly do: 'drop'; readonly downMs: number }
  | { readonly do: 'vanish' }
  | { readonly do: 'claim' }
  | { readonly do: 'commit' };

const UNTIL_STAGED = ['resolving', 'verifying', 'fetching'] as const;
const SLOWDOWN = 10;

/** How an attempt goes, from the accepted command to its end. @param stepMs how long each state takes. */
export function attemptScript(behaviour: Exclude<Behaviour, 'refuse'>, stepMs: number): Step[] {
  const pace = behaviour === 'slow' ? stepMs * SLOWDOWN : stepMs;
  const move = (to: AttemptState): Step => ({ do: 'move', to, afterMs: pace });
  const begin: Step[] = [{ do: 'report', event: 'upgrade_started' }, ...UNTIL_STAGED.map(move)];
  const stage: Step[] = [{ do: 'report', event: 'upgrade_downloaded' }, move('staged'), { do: 'report', event: 'upgrade_staged' }];
  const activate: Step[] = [...['draining', 'snapshotting', 'activating'].map((state) => move(state as AttemptState))];
  const trial: Step[] = [{ do: 'respawn', as: 'candidate', downMs: pace }, move('trial')];
  const prove: Step[] = [{ do: 'commit' }, { do: 'report', event: 'upgrade_completed' }];
  switch (behaviour) {
    case 'sound':
    case 'slow':
      return [...begin, ...stage, ...activate, ...trial, ...prove];
    case 'fail_staging':
      return [...begin, { do: 'report', event: 'upgrade_failed', code: 'upgrade_network_error' }];
    case 'revert':
      return [
        ...begin,
        ...stage,
        ...activate,
        ...trial,
        { do: 'respawn', as: 'committed', downMs: pace },
        { do: 'report', event: 'upgrade_rolled_back' },
      ];
    case 'vanish':
      return [...begin, ...stage, ...activate, { do: 'vanish' }];
    case 'flap':
      return [...begin, ...stage, ...activate, ...trial, ...prove].flatMap((step): Step[] =>
        step.do === 'move' ? [step, { do: 'drop', downMs: pace }] : [step],
      );
    case 'lie':
      return [{ do: 'claim' }];
  }
}
