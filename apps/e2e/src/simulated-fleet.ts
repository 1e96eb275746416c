import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.ts';
import { CHECKOUT } from './local-system.ts';

/** What the simulator counts; see apps/fleet-sim. */
export interface Tally {
  readonly live: number;
  readonly sessions: number;
  readonly commands: number;
  readonly repeated: number;
  readonly executed: number;
  readonly committed: number;
}

export class SimulatedFleet {
  #tally: Tally | undefined;
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(CHECKOUT, 'apps/fleet-sim/src/main.ts'), ...args], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => (this.#tally = JSON.parse(line) as Tally));
  }

  async until(what: string, timeoutMs: number, isSo: (tally: Tally) => boolean): Promise<Tally> {
    return await eventually(`the fleet to be ${what} (last: ${JSON.stringify(this.#tally)})`, timeoutMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`the simulator ended with ${this.#child.exitCode}`);
      return this.#tally && isSo(this.#tally) ? this.#tally : undefined;
    });
  }

  /** @returns its last count. */
  async stop(): Promise<Tally | undefined> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'close');
    }
    return this.#tally;
  }
}
