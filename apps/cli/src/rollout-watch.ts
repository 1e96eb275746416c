import { setTimeout as sleep } from 'node:timers/promises';
import { rolloutView, type RolloutCounts, type RolloutView } from '@tidegate/contract-api';
import type { Client } from './client.ts';
import { Ending, ending, wordsOf } from './ending.ts';
import type { Printer } from './look.ts';
import type { Surroundings } from './session.ts';
import { StatusLine } from './status-line.ts';

const ASK_EVERY_MS = 1000;
/** A manager that restarts is waited for; the rollout goes on without it. */
const PATIENCE_MS = 120_000;
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
  const begunAt = from.now().getTime();
  const line = new StatusLine(from.stderr, printer.options.quiet === true);
  let heardAt = begunAt;
  let said = '';
  try {
    for (;;) {
      const found = await client.ask('readRollout', { path: { id } }).then(
        (answer) => rolloutView.parse(answer),
        (error: unknown) => {
          if (error instanceof Ending && error.exit === 'unavailable' && from.now().getTime() - heardAt < PATIENCE_MS) return null;
          throw error;
        },
      );
      if (found) heardAt = from.now().getTime();
      if (found && (found.ended_at !== null || found.phase === 'paused')) return finish(found, line, printer);
      const shown = found ? rolloutLine(found) : 'the manager does not answer; still asking';
      line.show(shown, shown !== said);
      said = shown;
      if (timeoutS !== null && from.now().getTime() - begunAt > timeoutS * 1000)
        throw ending('timeout', 'upgrade_timeout', {
          meaning: `It has not ended after ${timeoutS} s.`,
          hint: `It goes on: tidegate rollout watch ${id}`,
        });
      await sleep(ASK_EVERY_MS, undefined, { signal: from.signal });
    }
  } finally {
    line.clear();
  }
}

function finish(rollout: RolloutView, line: StatusLine, printer: Printer): void {
  line.clear();
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
