import type { Verdict } from '@tidegate/contract-errors';
import type { Manifest, ReleaseVersion } from '@tidegate/contract-manifest';

export type Migration = Manifest['migrations'][number];
export type HealthCheck = NonNullable<Manifest['health']>['checks'][number];

export interface CheckResult {
  readonly id: string;
  readonly ok: boolean;
  /** For people; never output of the program. */
  readonly detail?: string;
}

/** Runs one migration of a sealed slot to its end, within its own time limit, in a scrubbed environment. */
export interface MigrationRunner {
  /** Refuses with upgrade_migration_failed (details: migration, and exit_status, signal, rule or errno). Never throws. */
  run(
    migration: Migration,
    slotFolder: string,
    versions: { readonly from: ReleaseVersion; readonly to: ReleaseVersion },
  ): Promise<Verdict<void>>;
}

/** Asks what a release calls healthy. */
export interface HealthChecks {
  /** Side by side, each within its own time limit, results in the order of the checks. Never throws: what cannot be asked has failed. */
  run(checks: readonly HealthCheck[], slotFolder: string): Promise<readonly CheckResult[]>;
}
