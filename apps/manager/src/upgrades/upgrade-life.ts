/**
 * One upgrade as the manager sees it: queued -> sent -> what the node attests -> one of four terminal states.
 *
 * Reports arrive late, twice and out of order (a beat overtakes an event, a command is sent again), so a state only ever moves
 * forward in the order below; an attempt that was interrupted and goes on from an earlier step keeps showing the later one.
 * Only what is final by nature ends an upgrade: an event of the node, its refusal of the command, the manager's own deadline and
 * cancel, or, where an event was lost, what its beats keep attesting. Nothing changes an upgrade that has ended.
 */
import type { UpgradeState } from '@tidegate/contract-api';
import { ATTEMPT_STATES, isTerminal, type AttemptState, type TerminalState } from '@tidegate/contract-events';

const ORDER: readonly UpgradeState[] = ['queued', 'sent', ...ATTEMPT_STATES];

export const hasEnded = (state: UpgradeState): state is TerminalState => state !== 'queued' && state !== 'sent' && isTerminal(state);

export interface Progress {
  readonly received_bytes: number;
  readonly total_bytes: number;
}

export interface UpgradeStep {
  readonly state: UpgradeState;
  readonly at: string;
  readonly waits_for?: 'person';
}

export interface UpgradeRecord {
  readonly id: string;
  readonly nodeId: string;
  readonly groupId: string;
  readonly action: 'upgrade' | 'return';
  readonly version: string;
  readonly channel: string;
  readonly fromVersion: string | null;
  /** Whatever claims the version with another manifest has failed. */
  readonly expectedManifestSha256: string | null;
  readonly retrySkipped: boolean;
  readonly state: UpgradeState;
  readonly progress: Progress | null;
  readonly attemptId: string | null;
  readonly errorCode: string | null;
  readonly errorDetails: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly deadlineAt: Date;
  readonly finishedAt: Date | null;
  readonly steps: readonly UpgradeStep[];
}

export type UpgradeReport =
  | {
      readonly kind: 'moved';
      readonly state: Exclude<UpgradeState, TerminalState>;
      readonly progress?: Progress | null;
      readonly attemptId?: string | null;
      readonly waitsFor?: 'person';
    }
  | {
      readonly kind: 'ended';
      readonly state: TerminalState;
      readonly errorCode: string | null;
      readonly errorDetails: Readonly<Record<string, unknown>>;
      /** Of the manifest of what the node says it runs now, where it says so. */
      readonly manifestSha256?: string | null;
    };

/** @returns the record after the report, or null when the report says nothing new. */
export function advance(record: UpgradeRecord, report: UpgradeReport, now: Date): UpgradeRecord | null {
  if (hasEnded(record.state)) return null;
  const at = now.toISOString();
  if (report.kind === 'ended') {
    const { state, errorCode, errorDetails } = againstPin(record, report);
    return { ...record, state, errorCode, errorDetails, progress: null, finishedAt: now, steps: [...record.steps, { state, at }] };
  }
  const forward = ORDER.indexOf(report.state) - ORDER.indexOf(record.state);
  if (forward < 0) return null;
  const attemptId = record.attemptId ?? report.attemptId ?? null;
  const progress = report.state === 'fetching' ? (report.progress ?? record.progress) : null;
  if (forward > 0) {
    const step: UpgradeStep = { state: report.state, at, ...(report.waitsFor && { waits_for: report.waitsFor }) };
    return { ...record, state: report.state, attemptId, progress, steps: [...record.steps, step] };
  }
  const same = attemptId === record.attemptId && progress?.received_bytes === record.progress?.received_bytes;
  return same ? null : { ...record, attemptId, progress };
}

type Ending = Extract<UpgradeReport, { kind: 'ended' }>;

/** A node that claims the version with another manifest than the pinned one runs something else. */
function againstPin({ expectedManifestSha256: expected }: UpgradeRecord, report: Ending): Ending {
  const { state, manifestSha256: reported = null } = report;
  if (state !== 'committed' || expected === null || reported === null || reported === expected) return report;
  return { kind: 'ended', state: 'failed', errorCode: 'upgrade_provenance_mismatch', errorDetails: { expected, reported } };
}

/** The states in which a node that disconnects is most likely on its way to the candidate or back. */
export const RESPAWNING: readonly UpgradeState[] = ['staged', 'draining', 'snapshotting', 'activating', 'trial', 'rolling_back'];

/** After these only the boot guard decides. */
const BEYOND_CANCEL: readonly AttemptState[] = ['activating', 'trial', 'rolling_back'];
export const canCancel = (state: UpgradeState): boolean => !hasEnded(state) && !(BEYOND_CANCEL as readonly string[]).includes(state);
