/**
 * The manager as `serve` runs it, which begins a wave when it is asked to over IPC: what `npm run bench -- manager sockets-wave`
 * compares with a bare server.
 */
import 'reflect-metadata';
import { startManager } from '../manager.ts';
import { createLog, createNotifier, readConfig, systemClock } from '../platform/index.ts';
import { UpgradeWaves, type WaveOrder } from '../upgrades/index.ts';

/** As a reconciler would: the next nodes are being stored while the last ones are told. */
const LANES = 2;
const AT_ONCE = 500;
const ORDER: WaveOrder = {
  action: 'upgrade',
  version: '1.1.0',
  channel: 'stable',
  expectedManifestSha256: 'c'.repeat(64),
  retrySkipped: false,
  requestedBy: 'bench',
  timeoutSecs: 900,
};

const manager = await startManager({
  config: await readConfig(process.argv.at(-1) ?? '', {}),
  clock: systemClock,
  log: createLog('warn'),
  notifier: await createNotifier({}),
});
process.on('SIGTERM', () => void manager.stop().then(() => process.exit(0)));

/** @returns how many were begun: a wave that begins less has measured something else. */
async function wave(nodeIds: readonly string[]): Promise<number> {
  const waves = manager.service(UpgradeWaves);
  let begun = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < nodeIds.length) {
      const some = nodeIds.slice(next, (next += AT_ONCE));
      const answers = await waves.run((_em, { begin }) => begin(ORDER, some));
      begun += answers.filter((answer) => answer.outcome === 'begun').length;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return begun;
}

let wanted: readonly string[] = [];
process.on('message', ({ ask, nodeIds = [] }: { readonly ask: string; readonly nodeIds?: readonly string[] }) => {
  if (ask === 'plan') wanted = nodeIds;
  if (ask === 'plan') process.send?.({ answer: {} });
  if (ask === 'wave') void wave(wanted).then((begun) => process.send?.({ answer: { begun } }));
});
