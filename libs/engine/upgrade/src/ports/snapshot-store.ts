import type { Verdict } from '@tidegate/contract-errors';
import type { ReleaseVersion } from '@tidegate/contract-manifest';
import type { AttemptId } from '@tidegate/contract-protocol';

/** What a snapshot belongs to: the data as `from` left it, to be given back unless `to` is committed. */
export interface SnapshotMark {
  readonly attempt: AttemptId;
  readonly from: ReleaseVersion;
  readonly to: ReleaseVersion;
}

/**
 * The service's data, set aside before an activation. A snapshot counts once its marker is durable, and the marker alone says
 * that there is something to give back: the state file may be lost. At most one marker exists.
 */
export interface SnapshotStore {
  /** What the declared paths hold now. Refuses with upgrade_snapshot_failed for what could not be copied faithfully. */
  measure(paths: readonly string[]): Promise<Verdict<{ readonly bytes: number; readonly entries: number }>>;
  /**
   * Copies the paths, marker last; what an earlier try for this attempt left is replaced. Leaves nothing when it refuses:
   * upgrade_snapshot_failed (also while another attempt's marker is there), upgrade_disk_full, upgrade_storage_error.
   */
  take(mark: SnapshotMark, paths: readonly string[]): Promise<Verdict<void>>;
  /** The marker. Throws upgrade_rollback_failed when it is there and cannot be read: then a person must look. */
  pending(): Promise<SnapshotMark | null>;
  /** Puts every declared path back as it was, also those that were absent. Can run again after any crash. Refuses with upgrade_rollback_failed; the marker stays. */
  restore(mark: SnapshotMark): Promise<Verdict<void>>;
  /** The marker first, then the copies. */
  drop(attempt: AttemptId): Promise<void>;
  /** Removes copies that never got their marker, or lost it. */
  sweep(): Promise<void>;
}
