import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Artefact, Manifest } from '@tidegate/contract-manifest';
import { LONGEST_WINDOW_SECS, trialWindowSecs } from './migrate.ts';

/** Before the first byte: what a release wants run must be a program of its own signed list, and must fit into a trial. */
export function gatePrograms(manifest: Manifest, artefact: Artefact, windowSecs: number): Verdict<void> {
  const invalid = (field: string, rule: string) => refuse('upgrade_manifest_invalid', { field, rule });
  const programs = new Set(artefact.files.filter((file) => file.mode === '0755').map((file) => file.path));
  const alien = manifest.migrations.find(({ argv }) => !programs.has(argv[0] ?? ''));
  if (alien) return invalid('migrations', `${alien.id}: argv[0] is no executable of files`);
  const commands = (manifest.health?.checks ?? []).flatMap((check) => (check.kind === 'command' ? [check] : []));
  const unknown = commands.find(({ argv }) => !argv[0]?.startsWith('/') && !programs.has(argv[0] ?? ''));
  if (unknown) return invalid('health.checks', `${unknown.id}: argv[0] is neither absolute nor an executable of files`);

  for (const [field, ids] of [
    ['migrations', manifest.migrations.map((one) => one.id)],
    ['health.checks', (manifest.health?.checks ?? []).map((one) => one.id)],
  ] as const)
    if (new Set(ids).size < ids.length) return invalid(field, 'an id stands twice');
  if (trialWindowSecs(manifest, windowSecs) > LONGEST_WINDOW_SECS)
    return invalid('migrations', `time limits and health window exceed the longest trial of ${LONGEST_WINDOW_SECS} s`);
  return accept(undefined);
}
