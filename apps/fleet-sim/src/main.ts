/**
 * Nodes for tests and measurements, thousands in one process, over the real wire. Prints one line of JSON whenever its count
 * changed, at most each second, and a last one when it is told to end.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseFaultRates } from './faults.ts';
import { loadIdentities, saveIdentities } from './identity.ts';
import { newTally } from './tally.ts';
import { VirtualNode } from './virtual-node.ts';

const USAGE = `usage: fleet-sim --nodes N --url ws://HOST:PORT [--url ...] [--tokens FILE] [--state FILE]
                 [--device-type NAME] [--version V] [--step-ms N] [--faults refuse=0.1,...] [--per-second N]
--tokens holds registration tokens, one per line, for nodes that are not enrolled yet; --state keeps identities.`;
const PRINT_EVERY_MS = 1000;
const TURN_MS = 20;

function options(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string' },
      url: { type: 'string', multiple: true },
      tokens: { type: 'string' },
      state: { type: 'string' },
      'device-type': { type: 'string', default: 'tidegate-edge' },
      version: { type: 'string', default: '1.0.0' },
      'step-ms': { type: 'string', default: '200' },
      faults: { type: 'string', default: '' },
      'per-second': { type: 'string', default: '500' },
    },
  });
  const count = Number(values.nodes);
  if (!Number.isInteger(count) || count < 1 || !values.url) throw new Error(USAGE);
  return { ...values, url: values.url, count, rates: parseFaultRates(values.faults) };
}

async function run(args: readonly string[]): Promise<void> {
  const given = options(args);
  const identities = loadIdentities(given.state, given.count);
  const tokens = given.tokens === undefined ? [] : readFileSync(given.tokens, 'utf8').split('\n').filter(Boolean);
  const tally = newTally(given.count);
  const nodes = identities.map(
    (identity, index) =>
      new VirtualNode(
        identity,
        {
          name: `sim-${String(index + 1).padStart(5, '0')}`,
          deviceType: given['device-type'],
          urls: given.url,
          version: given.version,
          rates: given.rates,
          stepMs: Number(given['step-ms']),
          token: () => tokens.shift(),
          draw: Math.random,
        },
        tally,
      ),
  );
  let printed = '';
  const print = (): void => {
    const line = JSON.stringify(tally);
    if (line !== printed) process.stdout.write(`${(printed = line)}\n`);
  };
  setInterval(print, PRINT_EVERY_MS);
  const finish = (): void => {
    if (given.state !== undefined) saveIdentities(given.state, identities);
    print();
    process.exit(0);
  };
  process.on('SIGTERM', finish).on('SIGINT', finish);
  const perTurn = Math.max(1, Math.ceil((Number(given['per-second']) * TURN_MS) / 1000));
  for (let next = 0; next < nodes.length; next += perTurn) {
    for (const node of nodes.slice(next, next + perTurn)) node.connect();
    await new Promise((settle) => setTimeout(settle, TURN_MS));
  }
}

run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
