import { isTrue, waitUntil } from '../system/wait-until.ts';
import { openDataFolder } from '../system/data-folder.ts';
import type { FleetPace } from '../system/edge-node.ts';
import { startSystem } from '../system/start-system.ts';
import { banner } from './banner.ts';
import type { StartOptions } from './options.ts';

/** Long enough to watch a trial on the page, short enough to wait for its end. A real node has 120 s and 15 s. */
const PACE: FleetPace = { bootHealthWindowSecs: 20, beatIntervalSecs: 2, watchdogMs: 5000, restartDelayMs: 500 };
const FLEET_UP_TIMEOUT_MS = 30_000;

/** Brings the system up, says where it is, and takes it down again when `signal` is aborted. */
export async function start(options: StartOptions, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const begunAt = performance.now();
  const folder = openDataFolder(options.dataDir);
  try {
    const system = await startSystem({ folder, port: options.port, nodeCount: options.nodeCount, pace: PACE, say, signal });
    try {
      if (options.nodeCount > 0) {
        const online = async () => (await system.api.nodes()).filter((node) => node.connection === 'online').length;
        // A slow machine still gets its console: a node that is late shows there.
        await waitUntil('the fleet', FLEET_UP_TIMEOUT_MS, async () => isTrue((await online()) >= system.nodes.length), signal).catch(
          () => undefined,
        );
        signal.throwIfAborted();
        say(`${await online()} of ${system.nodes.length} nodes are online`);
      }
      say(`ready after ${((performance.now() - begunAt) / 1000).toFixed(1)} s`);
      const shown = banner({ ...system, dataDir: folder.root, nodeCount: options.nodeCount, cwd: process.cwd() });
      process.stdout.write(`${shown.join('\n')}\n`);
      await aborted(signal);
      say('stopping');
    } finally {
      await system.stop();
    }
  } finally {
    folder.release();
  }
  say('stopped; nothing of it runs any more');
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
