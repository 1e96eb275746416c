/**
 * One upgrade as the manager sees it: queued -> sent -> what the node attests -> one of four terminal states.
 *
 * Reports arrive late, twice and out of order (a beat overtakes an event, a command is sent again), so a state only ever moves
 * forward in the order below; an attempt that was interrupted and goes on from an earlier step keeps showing the later one.
 * Only what is final by nature ends an upgrade: an event of the node, its refusal of the command, or the manager's own
 * deadline and cancel. A beat never does, and nothing changes an upgrade that has ended.
 */
import type { UpgradeState } from '@tidegate/contract-api';
import { ATTEMPT_STATES, isTerminal, type AttemptState, type TerminalState } from '@tidegate/contract-events';

const ORDER: readonly UpgradeState[] = ['queued', 'sent', ...ATTEMPT_STATES];

export const hasEnded = (state: UpgradeState): state is TerminalState => state !== 'queued' && state !== 'sent' && isTerminal(state);

export interface Progress {
  readonly received_bytes: number;
  readonly total_bytes: number;
}

export interface UpgradeRecord {
  readonly id: string;
  readonly nodeId: string;
  readonly groupId: string;
  readonly action: 'upgrade';
  readonly version: string;
  readonly channel: string;
  readonly fromVersion: string | null;
  readonly state: UpgradeState;
  readonly progress: Progress | null;
  readonly attemptId: string | null;
  readonly errorCode: string | null;
  readonly errorDetails: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly deadlineAt: Date;
  readonly finishedAt: Date | null;
  readonly steps: readonly { readonly state: UpgradeState; readonly at: string }[];
}

export type UpgradeReport =
  | {
      readonly kind: 'moved';
      readonly state: Exclude<UpgradeState, TerminalState>;
      readonly progress?: Progress | null;
      readonly attemptId?: string | null;
    }
  | {
      readonly kind: 'ended';
      readonly state: TerminalState;
      readonly errorCode: string | null;
      readonly errorDetails: Readonly<Record<string, unknown>>;
    };

/** @returns the record after the report, or null when the report says nothing new. */
export function advance(record: UpgradeRecord, report: UpgradeReport, now: Date): UpgradeRecord | null {
  if (hasEnded(record.state)) return null;
  const step = { state: report.state, at: now.toISOString() };
  if (report.kind === 'ended') {
    const { state, errorCode, errorDetails } = report;
    return { ...record, state, errorCode, errorDetails, progress: null, finishedAt: now, steps: [...record.steps, step] };
  }
  const forward = ORDER.indexOf(report.state) - ORDER.indexOf(record.state);
  if (forward < 0) return null;
  const attemptId = record.attemptId ?? report.attemptId ?? null;
  const progress = report.state === 'fetching' ? (report.progress ?? record.progress) : null;
  if (forward > 0) return { ...record, state: report.state, attemptId, progress, steps: [...record.steps, step] };
  const same = attemptId === record.attemptId && progress?.received_bytes === record.progress?.received_bytes;
  return same ? null : { ...record, attemptId, progress };
}

/** The states in which a node that disconnects is most likely on its way to the candidate or back. */
export const RESPAWNING: readonly UpgradeState[] = ['staged', 'draining', 'snapshotting', 'activating', 'trial', 'rolling_back'];

/** After these only the boot guard decides. */
const BEYOND_CANCEL: readonly AttemptState[] = ['activating', 'trial', 'rolling_back'];
export const canCancel = (state: UpgradeState): boolean => !hasEnded(state) && !(BEYOND_CANCEL as readonly string[]).includes(state);
