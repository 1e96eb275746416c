import type { AttemptId } from '@tidegate/contract-protocol';
import type { ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';
import type { Verdict } from '@tidegate/contract-errors';
import type { Statement } from './release-source.ts';

export interface SlotLinks {
  readonly current: ReleaseVersion | null;
  readonly committed: ReleaseVersion | null;
  readonly previous: ReleaseVersion | null;
}

/** What the guard is told before `current` is swapped; docs/node-disk.md has the file. */
export interface TrialIntent {
  readonly attempt: AttemptId;
  readonly target: ReleaseVersion;
  readonly windowSecs: number;
  readonly maxSecs: number;
  readonly maxBootAttempts: number;
  readonly beatIntervalSecs: number;
}

export interface Testimony {
  readonly attempt: AttemptId;
  readonly ready: boolean;
  readonly authenticated: boolean;
  readonly checks: 'ok' | 'regressed';
  /** Boot-time clock of the last acknowledged beat. */
  readonly beatUptimeSecs: number | null;
}

export interface GuardVerdict {
  readonly attempt: string;
  readonly verdict: 'committed' | 'reverted';
  readonly reason: string;
  readonly starts: number;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
}

export interface InstalledStatement extends Pick<Statement, 'manifestBytes' | 'bundleBytes'> {
  /** sha256 over the manifest's bytes as they lie on disk. */
  readonly digest: Sha256;
}

/**
 * The install root. Every change is durable when its promise resolves, and can be made twice. Disk errors are thrown as
 * CodedError `upgrade_storage_error` or `upgrade_disk_full`.
 */
export interface SlotStore {
  links(): Promise<SlotLinks>;
  /** Where this attempt's release is unpacked; empties what an earlier try left there. The folder itself does not exist yet. */
  stagingFolder(attempt: AttemptId): Promise<string>;
  /** Removes what this attempt, or any, left in staging. */
  clearStaging(): Promise<void>;
  /** Path of a version's slot, whether it exists or not. */
  slotFolder(version: ReleaseVersion): string;
  hasSlot(version: ReleaseVersion): Promise<boolean>;
  /** The statement that was installed with a slot; null when the slot or its files are missing. */
  readStatement(version: ReleaseVersion): Promise<InstalledStatement | null>;
  /** Puts the statement beside the unpacked files and renames the folder to its slot. Refuses when a live slot has the name. */
  install(folder: string, version: ReleaseVersion, statement: Pick<Statement, 'manifestBytes' | 'bundleBytes'>): Promise<Verdict<void>>;
  /** Deletes a slot no link names; asks the guard when it is sealed. */
  discardSlot(version: ReleaseVersion): Promise<void>;
  writeIntent(intent: TrialIntent): Promise<void>;
  /** Atomic; refuses a target whose entry point is missing or not executable. */
  swapCurrent(version: ReleaseVersion): Promise<Verdict<void>>;
  writeTestimony(testimony: Testimony): Promise<void>;
  /** The guard's last verdict, whichever attempt it was about. */
  verdict(): Promise<GuardVerdict | null>;
  /** Version of the guard that watches this service; null when none does. */
  guardVersion(): Promise<ReleaseVersion | null>;
  /**
   * Asks the guard to delete all slots but those that links name and, of the `known` ones, the newest `keep`. Returns the names
   * that are neither linked nor known.
   */
  requestPrune(keep: number, known: ReadonlySet<string>): Promise<readonly string[]>;
  space(): Promise<Space>;
}
