import { setTimeout as sleep } from 'node:timers/promises';
import { upgradeView, type UpgradeView } from '@tidegate/contract-api';
import type { Client } from './client.ts';
import { Ending, ending, wordsOf } from './ending.ts';
import type { Printer } from './look.ts';
import { progressLine, StatusLine } from './status-line.ts';
import type { Surroundings } from './session.ts';
import { upgradeCell } from './views.ts';

const ASK_EVERY_MS = 1000;
/** A manager that restarts is waited for; the upgrade goes on without it. */
const PATIENCE_MS = 120_000;

/**
 * Follows an upgrade to its end and shows its phases. The answer is printed once it has ended.
 * @throws Ending refused when it did not end committed, timeout when it did not end in time
 */
export async function watchUpgrade(
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
      const found = await client.ask('readUpgrade', { path: { id } }).then(
        (answer) => upgradeView.parse(answer),
        (error: unknown) => {
          if (error instanceof Ending && error.exit === 'unavailable' && from.now().getTime() - heardAt < PATIENCE_MS) return null;
          throw error;
        },
      );
      if (found) heardAt = from.now().getTime();
      if (found && found.finished_at !== null) return finish(found, line, printer);
      const shown = found ? progressLine(found) : 'the manager does not answer; still asking';
      line.show(shown, found?.state !== said);
      said = found?.state ?? '';
      if (timeoutS !== null && from.now().getTime() - begunAt > timeoutS * 1000)
        throw ending('timeout', 'upgrade_timeout', {
          meaning: `It has not ended after ${timeoutS} s.`,
          hint: `It goes on: tidegate upgrade watch ${id}`,
        });
      await sleep(ASK_EVERY_MS, undefined, { signal: from.signal });
    }
  } finally {
    line.clear();
  }
}

function finish(upgrade: UpgradeView, line: StatusLine, printer: Printer): void {
  line.clear();
  const { text, paint } = upgradeCell(printer.look, upgrade);
  printer.say(`${upgrade.version} ${paint?.(text) ?? text}`);
  printer.one(upgrade);
  if (upgrade.state === 'committed') return;
  const code = upgrade.error_code ?? 'internal_error';
  throw new Ending('refused', { code, ...wordsOf(code, `The upgrade ended ${upgrade.state}.`, 'See `tidegate node events`.') });
}
