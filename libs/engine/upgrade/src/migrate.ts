/**
 * The candidate's migrations: inside its trial, from its sealed slot, before it serves. Each is recorded when it is done, and may
 * run again when the power fails before that. One that fails leaves a note and ends the start: the guard counts the starts
 * and takes the node back, and the old version finds the note and the snapshot.
 */
import { CodedError, refuse, type Refusal } from '@tidegate/contract-errors';
import type { Manifest } from '@tidegate/contract-manifest';
import { plainDetails } from './attempt-log.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Ledger } from './ledger.ts';
import type { AttemptRecord } from './node-state.ts';
import { manifestOf } from './own-manifest.ts';

/** Throws upgrade_migration_failed; then this version must not serve. */
export async function migrate(ledger: Ledger, parts: EngineParts): Promise<void> {
  const manifest = await manifestOf(parts, parts.self.agentVersion);
  if (!manifest || manifest.migrations.length === 0) return;
  const refusal = (await snapshotMissing(parts, manifest, running(ledger))) ?? (await runPending(ledger, parts, manifest));
  await change(ledger, (attempt) => ({
    ...attempt,
    note: refusal && { code: 'upgrade_migration_failed', details: plainDetails(refusal.details) },
  }));
  if (refusal) throw new CodedError('upgrade_migration_failed', refusal.details);
}

async function runPending(ledger: Ledger, parts: EngineParts, manifest: Manifest): Promise<Refusal | null> {
  const slot = parts.slots.slotFolder(manifest.version);
  for (const migration of manifest.migrations) {
    const { fromVersion, migrationsDone } = running(ledger);
    if (migrationsDone.includes(migration.id) || ledger.state().migrations.some((one) => one.id === migration.id)) continue;
    parts.extendStart(migration.timeout_secs);
    parts.log('migration begun', { migration: migration.id });
    const done = await parts.migrations.run(migration, slot, { from: fromVersion, to: manifest.version });
    if (!done.ok) return done;
    await change(ledger, (attempt) => ({ ...attempt, migrationsDone: [...attempt.migrationsDone, migration.id] }));
  }
  return null;
}

/** Without what a revert would give back, nothing may be changed. The copies may have been given back already, to an old version that ran in between. */
async function snapshotMissing(parts: EngineParts, manifest: Manifest, attempt: AttemptRecord): Promise<Refusal | null> {
  if (manifest.snapshot.paths.length === 0) return null;
  const mark = await parts.snapshots.pending();
  return mark?.attempt === attempt.id ? null : refuse('upgrade_migration_failed', { reason: 'there is no snapshot of this attempt' });
}

const running = (ledger: Ledger): AttemptRecord => {
  const { attempt } = ledger.state();
  if (!attempt) throw new Error('no attempt is running');
  return attempt;
};

const change = (ledger: Ledger, update: (attempt: AttemptRecord) => AttemptRecord): Promise<void> =>
  ledger.change((state) => (state.attempt ? { ...state, attempt: update(state.attempt) } : state));

/** The longest window the guard takes. */
export const LONGEST_WINDOW_SECS = 3600;

/** How long a trial of this release lasts: its migrations and a slow start must not use up the time in which it proves itself. */
export function trialWindowSecs(manifest: Manifest, windowSecs: number): number {
  const migrating = manifest.migrations.reduce((sum, { timeout_secs: limit }) => sum + limit, 0);
  return Math.max(windowSecs, manifest.health?.start_timeout_secs ?? 0) + migrating;
}
