import { rolloutView, type RolloutCounts, type RolloutView } from '@tidegate/contract-api';
import type { Client } from './client.ts';
import { Ending, wordsOf } from './ending.ts';
import type { Printer } from './look.ts';
import type { Surroundings } from './session.ts';
import { watch } from './watch.ts';

const BAR_COLUMNS = 16;

/** `1 [====----xx      ]` for each wave: done, at work, failed, still to come. */
export function waveBar(wave: number, counts: RolloutCounts): string {
  const failed = counts.failed + counts.rolled_back + counts.lost + counts.regressed;
  const out = counts.refused + counts.skipped + counts.offline;
  const parts: readonly [string, number][] = [
    ['=', counts.committed - counts.lost - counts.regressed],
    ['x', failed],
    ['.', out],
    ['-', counts.in_flight],
  ];
  const width = (nodes: number): number => (counts.total === 0 ? 0 : (nodes / counts.total) * BAR_COLUMNS);
  let bar = '';
  let sum = 0;
  for (const [sign, nodes] of parts) {
    sum += width(nodes);
    // One that failed among thousands is seen, too.
    const most = sign === '=' && failed > 0 ? BAR_COLUMNS - 1 : BAR_COLUMNS;
    const least = sign === 'x' && nodes > 0 ? bar.length + 1 : bar.length;
    bar = bar.padEnd(Math.max(least, Math.min(most, Math.round(sum))), sign);
  }
  return `${wave + 1} [${bar.slice(0, BAR_COLUMNS).padEnd(BAR_COLUMNS)}] ${counts.committed}/${counts.total}`;
}

export function rolloutLine({ version, phase, wave, waves, waits_for: waitsFor }: RolloutView): string {
  const shown = waves.slice(0, Math.max(1, wave + 1)).map((counts, index) => waveBar(index, counts));
  const waits = waitsFor === 'nothing' ? '' : `, waits for ${waitsFor.replaceAll('_', ' ')}`;
  return `${version} wave ${shown.join('  ')} of ${waves.length}: ${phase.replaceAll('_', ' ')}${waits}`;
}

/**
 * Follows a rollout until it has ended or a person has to decide, and prints it then.
 * @throws Ending refused when it did not complete, timeout when it did not end in time
 */
export async function watchRollout(
  client: Client,
  id: string,
  printer: Printer,
  from: Surroundings,
  timeoutS: number | null,
): Promise<void> {
  const rollout = await watch(
    {
      ask: async () => rolloutView.parse(await client.ask('readRollout', { path: { id } })),
      hasEnded: (found) => found.ended_at !== null || found.phase === 'paused',
      lineOf: rolloutLine,
      newsOf: rolloutLine,
      again: `tidegate rollout watch ${id}`,
    },
    printer,
    from,
    timeoutS,
  );
  finish(rollout, printer);
}

function finish(rollout: RolloutView, printer: Printer): void {
  printer.say(rolloutLine(rollout));
  printer.one(rollout);
  if (rollout.phase === 'completed') return;
  const code = 'rollout_state_conflict';
  throw new Ending('refused', {
    code,
    ...wordsOf(code, '', ''),
    meaning: `The rollout is ${rollout.phase}: ${rollout.reason.replaceAll('_', ' ')}.`,
    hint: `See tidegate rollout explain ${rollout.id}`,
  });
}
