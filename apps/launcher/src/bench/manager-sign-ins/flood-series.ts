import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { BenchFleet, type Server } from '../manager-sockets/bench-fleet.ts';
import { BenchProcess } from '../manager-sockets/bench-process.ts';
import type { Sample, Series } from '../row.ts';

/** Failed sign-ins that the manager has answered before the honest ones are no longer measured. */
const FLOOD = 10_000;
const AT_LEAST = 60;
/** Longer than the queue of a flood from everywhere would take to empty. */
const GIVE_UP_MS = 60_000;
const METRIC = 'p95Ms sign-in';

/** One address that guesses as fast as it can: nearly all of it is refused unread. */
export const floodSeries = (): Promise<Series> => series('manager-sign-in-during-flood', 1, FLOOD);

/** Five hundred addresses, each within its limit: every guess costs a hash. */
export const wideFloodSeries = (): Promise<Series> => series('manager-sign-in-during-wide-flood', 500, 0);

/** How long an honest sign-in from an address of its own takes: alone, and during the flood. */
async function series(id: string, addresses: number, flood: number): Promise<Series> {
  const fleet = await BenchFleet.make(1);
  const server = await fleet.startManager();
  return {
    goals: [{ id, metric: METRIC, ratioAtMost: 2 }],
    runs: 5,
    baseline: async () => ({ [METRIC]: await p95Ms(server, () => Promise.resolve(true)) }),
    product: () => duringFlood(server, addresses, flood),
    close: async () => {
      await server.process.stop();
      await fleet.dispose();
    },
  };
}

async function duringFlood(server: Server, addresses: number, flood: number): Promise<Sample> {
  const process = new BenchProcess('the flood', [join(import.meta.dirname, 'flood.mjs'), new URL(server.url).port, String(addresses)]);
  try {
    await process.ready();
    const p95 = await p95Ms(server, async () => {
      const { answered, faults } = await process.ask<{ answered: number; faults: Record<string, number> }>('count');
      if (Object.keys(faults).length > 0) throw new Error(`the flood met ${JSON.stringify(faults)}`);
      return answered >= flood;
    });
    return { [METRIC]: p95 };
  } finally {
    await process.stop();
  }
}

/** Signs in one time after the other, at least so often and until `enough`. Every one of them has to succeed. */
async function p95Ms(server: Server, enough: () => Promise<boolean>): Promise<number> {
  const times: number[] = [];
  const until = performance.now() + GIVE_UP_MS;
  while (times.length < AT_LEAST || !(await enough())) {
    const began = performance.now();
    await signIn(server);
    times.push(performance.now() - began);
    if (began > until) throw new Error('the flood was not answered in time');
  }
  return times.sort((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1] ?? Number.NaN;
}

async function signIn({ url }: Server): Promise<void> {
  const outgoing = request({
    host: '127.0.0.1',
    port: new URL(url).port,
    localAddress: '127.0.0.2',
    agent: false,
    method: 'POST',
    path: '/api/v1/session',
    headers: { 'content-type': 'application/json' },
  });
  const answered = once(outgoing, 'response');
  outgoing.end(JSON.stringify({ username: 'admin', password: 'a long enough password' }));
  const [response] = (await answered) as [IncomingMessage];
  await once(response.resume(), 'end');
  if (response.statusCode !== 200) throw new Error(`the honest sign-in was answered with ${response.statusCode}`);
}
