import { accept, refuse, type ErrorDetails, type Verdict } from '@tidegate/contract-errors';
import type { MigrationRunner } from '@tidegate/engine-upgrade';
import { runProgram, type ProgramEnd, type ProgramEnvironment } from './run-program.ts';

export interface MigrationSettings {
  readonly environment: ProgramEnvironment;
  /** The service's data, as a migration finds them under TIDEGATE_DATA_DIR. */
  readonly dataDir: string;
}

/** Runs a release's migrations from its own slot, one program at a time. */
export const createMigrationRunner = ({ environment, dataDir }: MigrationSettings): MigrationRunner => ({
  async run(migration, slotFolder, { from, to }): Promise<Verdict<void>> {
    const end = await runProgram({
      argv: migration.argv,
      slotFolder,
      environment: {
        ...environment,
        TIDEGATE_DATA_DIR: dataDir,
        TIDEGATE_SLOT: slotFolder,
        TIDEGATE_MIGRATION: migration.id,
        TIDEGATE_FROM_VERSION: from,
        TIDEGATE_TO_VERSION: to,
      },
      timeoutMs: migration.timeout_secs * 1000,
      output: 'journal',
    });
    if (end.how === 'exit' && end.status === 0) return accept(undefined);
    return refuse('upgrade_migration_failed', { migration: migration.id, ...detailsOf(end) });
  },
});

const detailsOf = (end: ProgramEnd): ErrorDetails => {
  if (end.how === 'exit') return { exit_status: end.status };
  if (end.how === 'signal') return { signal: end.signal };
  return end.how === 'time limit' ? { rule: 'time limit' } : { errno: end.errno };
};
