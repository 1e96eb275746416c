import type { UpgradeView } from '@tidegate/contract-api';
import { ATTEMPT_PATH } from '@tidegate/contract-events';
import { cut } from './plain.ts';

/** The way of an upgrade as a person sees it; each phase is a step of the bar. */
const WAY: readonly UpgradeView['state'][] = ['queued', 'sent', ...ATTEMPT_PATH];
const BAR_COLUMNS = 24;
const MEBIBYTE = 1024 * 1024;

export function progressLine({ version, state, progress }: Pick<UpgradeView, 'version' | 'state' | 'progress'>): string {
  // A node that goes back shows no progress: the bar would run the wrong way.
  const step = WAY.indexOf(state);
  const inside =
    state === 'fetching' && progress && progress.total_bytes > 0 ? Math.min(1, progress.received_bytes / progress.total_bytes) : 0;
  const filled = step === -1 ? 0 : Math.round(((step + inside) / (WAY.length - 1)) * BAR_COLUMNS);
  const bytes = progress ? ` ${mebibytes(progress.received_bytes)} of ${mebibytes(progress.total_bytes)} MiB` : '';
  return `${version} [${'='.repeat(filled)}${' '.repeat(BAR_COLUMNS - filled)}] ${state}${bytes}`;
}
const mebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);

/** One line on stderr that is written over; where nobody looks, a line for each thing that is new. */
export class StatusLine {
  readonly #stderr: NodeJS.WriteStream;
  readonly #quiet: boolean;
  #shown = false;

  constructor(stderr: NodeJS.WriteStream, quiet: boolean) {
    [this.#stderr, this.#quiet] = [stderr, quiet];
  }

  show(text: string, isNew: boolean): void {
    if (this.#quiet) return;
    if (!this.#stderr.isTTY) {
      if (isNew) this.#stderr.write(`${text}\n`);
      return;
    }
    this.#stderr.write(`\r\u001b[2K${cut(text, Math.max(20, this.#stderr.columns - 1))}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#stderr.write('\r\u001b[2K');
    this.#shown = false;
  }
}
