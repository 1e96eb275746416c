/**
 * What the candidate testifies: what the agent says of itself, and its checks against those before the upgrade. Only regressions
 * count (elsewhere upgrades were taken back for faults that were there before). The guard reads the last word.
 */
import type { AttemptId } from '@tidegate/contract-protocol';
import type { EngineParts } from './engine-parts.ts';
import type { AttemptRecord } from './node-state.ts';
import { manifestOf } from './own-manifest.ts';
import type { CheckResult } from './ports/programs.ts';
import type { Testimony } from './ports/slot-store.ts';

const CHECK_EVERY_MS = 5_000;

/** What the agent knows of itself without asking anybody. */
export type Words = Omit<Testimony, 'attempt' | 'checks'>;

export interface Trial {
  readonly attempt: AttemptId;
  /** Durable when it resolves. The checks begin with the first word that says ready: before, nothing serves. */
  testify(words: Words): Promise<void>;
  results(): readonly CheckResult[];
  stop(): void;
}

/** Everything that is healthy or not, now: the agent's own checks, and those its release declares. */
export async function runChecks(parts: EngineParts): Promise<readonly CheckResult[]> {
  const manifest = await manifestOf(parts, parts.self.agentVersion);
  const declared = manifest?.health?.checks ?? [];
  return [...parts.localChecks(), ...(await parts.health.run(declared, parts.slots.slotFolder(parts.self.agentVersion)))];
}

/** A check that failed before is no fault of the candidate; one it brings itself must pass. */
export const regressions = (before: AttemptRecord['baseline'], now: readonly CheckResult[]): readonly CheckResult[] =>
  now.filter((result) => !result.ok && before.find((one) => one.id === result.id)?.ok !== false);

export function openTrial(parts: EngineParts, attempt: AttemptRecord): Trial {
  let words: Words | null = null;
  let results: readonly CheckResult[] | null = null;
  let checking = false;
  let stopChecking: (() => void) | null = null;
  let written: Promise<void> = Promise.resolve();

  const verdict = (): Testimony['checks'] => (regressions(attempt.baseline, results ?? []).length === 0 ? 'ok' : 'regressed');

  // Ready is said together with the first results, not before: a guard that looked in between once took a good candidate back
  // for checks that had not been run yet.
  const word = (latest: Words): Testimony => ({
    attempt: attempt.id,
    ...latest,
    ready: latest.ready && results !== null,
    checks: verdict(),
  });

  // One after the other: an older word must never land after a newer one.
  const write = (): Promise<void> => {
    written = written.catch(() => undefined).then(() => (words ? parts.slots.writeTestimony(word(words)) : undefined));
    return written;
  };

  const check = async (): Promise<void> => {
    const before = results && verdict();
    results = [...(await runChecks(parts)), ...(await runFormerChecks(parts, attempt))];
    if (verdict() === before) return;
    const failed = regressions(attempt.baseline, results).map((one) => one.id);
    parts.log('health checks', { verdict: verdict(), failed });
    await write();
  };

  const checkAgain = (): void => {
    if (checking) return;
    checking = true;
    void check()
      .catch((error: unknown) => parts.log('checks could not be run', { error: error instanceof Error ? error.name : typeof error }))
      .finally(() => (checking = false));
  };

  return {
    attempt: attempt.id,
    testify(latest) {
      words = latest;
      if (latest.ready && !stopChecking) {
        stopChecking = parts.clock.every(CHECK_EVERY_MS, checkAgain);
        checkAgain();
      }
      return write();
    },
    results: () => results ?? [],
    stop: () => stopChecking?.(),
  };
}

/** Checks of the version that was left, which the candidate does not declare itself: they passed before, and must still. */
async function runFormerChecks(parts: EngineParts, { fromVersion }: AttemptRecord): Promise<readonly CheckResult[]> {
  const [own, former] = [await manifestOf(parts, parts.self.agentVersion), await manifestOf(parts, fromVersion)];
  const declared = new Set(own?.health?.checks.map((one) => one.id));
  const dropped = (former?.health?.checks ?? []).filter((one) => !declared.has(one.id));
  return parts.health.run(dropped, parts.slots.slotFolder(fromVersion));
}
