import type { RolloutPhase, RolloutReason, RolloutStrategy, Wait } from '@tidegate/contract-api';
import type { CohortVerdict } from './health-cohort.ts';
import type { WaveCounts } from './halt-rule.ts';

/** What the row of a rollout says, as far as decisions need it. Times are ms since 1970. */
export interface Rollout {
  readonly phase: RolloutPhase;
  readonly reason: RolloutReason;
  /** The current wave; -1 before the first was opened. */
  readonly wave: number;
  readonly waves: number;
  readonly strategy: RolloutStrategy;
  readonly createdBy: string;
  readonly settleUntilMs: number | null;
  /** Per wave: failures that a person has seen and gone on after. */
  readonly acknowledged: readonly number[];
  /** Waves that a person let go ahead. */
  readonly approved: readonly number[];
  /** Latecomers are still upgraded until then; null: no longer. Set at completion. */
  readonly catchUpUntilMs: number | null;
}

/** What is seen at one moment. */
export interface Facts {
  readonly nowMs: number;
  /** By wave. */
  readonly counts: readonly WaveCounts[];
  /** The switch that holds the whole installation. */
  readonly frozen: boolean;
  /** The tag's commit against the manifest's revision; `not_configured` without a git remote. */
  readonly provenance: 'verified' | 'not_configured' | 'mismatch' | 'missing';
  /** The artefact that the source offers against the pinned digest. */
  readonly artefact: 'as_pinned' | 'changed';
  readonly sourceGroup: 'not_required' | 'settled' | 'missing';
  readonly cohort: CohortVerdict;
  /** Of the wave that is to be opened next. */
  readonly preflight: { readonly pending: number; readonly failed: number };
  /** The rollout that sends this one's nodes back. */
  readonly sendingBack: 'none' | 'running' | 'completed' | 'given_up';
}

export type Effect =
  | { readonly kind: 'preflight'; readonly wave: number }
  /** Releases pending targets up to and including a wave, by the offline policy; `limit` null: all of them. */
  | { readonly kind: 'send'; readonly upToWave: number; readonly limit: number | null }
  /** Offline nodes that are back, and joiners, become pending again. */
  | { readonly kind: 'catch_up'; readonly upToWave: number }
  /** Targets that failed or were rolled back become pending once more. */
  | { readonly kind: 'reset_failed' }
  /** What was not sent to a node yet is not sent any more. */
  | { readonly kind: 'withdraw' }
  /** A rollout of kind `return` over the committed nodes of these waves, the last first. */
  | { readonly kind: 'send_back'; readonly waves: readonly number[] };

export interface Step {
  readonly next: Rollout;
  readonly effects: readonly Effect[];
  readonly waitsFor: Wait;
  /** When to look again without being woken, ms; null: when something happens. */
  readonly lookAgainMs: number | null;
}
