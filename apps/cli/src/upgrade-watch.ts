import { upgradeView, type UpgradeView } from '@tidegate/contract-api';
import type { Client } from './client.ts';
import { Ending, wordsOf } from './ending.ts';
import type { Printer } from './look.ts';
import { progressLine } from './status-line.ts';
import type { Surroundings } from './session.ts';
import { upgradeCell } from './views.ts';
import { watch } from './watch.ts';

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
  const upgrade = await watch(
    {
      ask: async () => upgradeView.parse(await client.ask('readUpgrade', { path: { id } })),
      hasEnded: (found) => found.finished_at !== null,
      lineOf: progressLine,
      newsOf: (found) => found.state,
      again: `tidegate upgrade watch ${id}`,
    },
    printer,
    from,
    timeoutS,
  );
  finish(upgrade, printer);
}

function finish(upgrade: UpgradeView, printer: Printer): void {
  const { text, paint } = upgradeCell(printer.look, upgrade);
  printer.say(`${upgrade.version} ${paint?.(text) ?? text}`);
  printer.one(upgrade);
  if (upgrade.state === 'committed') return;
  const code = upgrade.error_code ?? 'internal_error';
  throw new Ending('refused', { code, ...wordsOf(code, `The upgrade ended ${upgrade.state}.`, 'See `tidegate node events`.') });
}
