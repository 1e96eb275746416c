import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { WIRE } from '@tidegate/contract-protocol';
import { BenchFleet, type Server } from '../manager-sockets/bench-fleet.ts';
import { BenchProcess } from '../manager-sockets/bench-process.ts';
import type { Sample, Series } from '../row.ts';

/** Failed sign-ins that the manager has answered before the honest ones are no longer measured. */
const GUESSES = 10_000;
/** Sockets that are held, or requests that were answered, before the first honest sign-in is measured. */
const HELD = 900;
const AT_LEAST = 60;
/** Longer than the queue of a flood from everywhere would take to empty. */
const GIVE_UP_MS = 60_000;
const METRIC = 'p95Ms sign-in';

interface Flood {
  readonly program: string;
  readonly args: (server: Server) => Promise<readonly string[]> | readonly string[];
  /** Before the first honest sign-in, and before they may end. */
  readonly from: (done: Done) => boolean;
  readonly until: (done: Done) => boolean;
}
interface Done {
  readonly answered?: number;
  readonly faults?: Readonly<Record<string, number>>;
  readonly count?: number;
}

const always = (): boolean => true;
const guesses = (addresses: number, until: Flood['until']): Flood => ({
  program: 'guesses.mjs',
  args: () => [String(addresses)],
  from: always,
  until,
});
const wasters = (kind: string, by: Flood['args'] = () => []): Flood => ({
  program: 'wasters.mjs',
  args: async (server) => [kind, ...(await by(server))],
  from: ({ count = 0 }) => count >= HELD,
  until: always,
});
const session = async (server: Server): Promise<string[]> => [await signIn(server)];

/** One address that guesses as fast as it can: nearly all of it is refused unread. */
export const guessesSeries = (): Promise<Series> =>
  series(
    'guesses',
    guesses(1, ({ answered = 0 }) => answered >= GUESSES),
  );

/** Five hundred addresses, each within its limit: every guess costs a hash. */
export const wideGuessesSeries = (): Promise<Series> => series('wide-guesses', guesses(500, always));

/** A thousand sockets each that say nothing, say it byte by byte, or never say who they are as a node. */
export const silentSeries = (): Promise<Series> => series('silent-sockets', wasters('silent'));
export const headersSeries = (): Promise<Series> => series('slow-headers', wasters('headers'));
export const bodiesSeries = (): Promise<Series> => series('slow-bodies', wasters('bodies'));
export const nodesSeries = (): Promise<Series> =>
  series(
    'silent-nodes',
    wasters('nodes', () => [`${WIRE.path} ${WIRE.subprotocol}`]),
  );

/** As fast as they are answered: twenty lines of headers over the limit, fifty of one session's requests, and of its live streams. */
export const oversizedSeries = (): Promise<Series> => series('oversized-headers', wasters('oversized'));
export const sessionSeries = (): Promise<Series> => series('one-session', wasters('session', session));
export const streamsSeries = (): Promise<Series> => series('streams', wasters('streams', session));

/** How long an honest sign-in from an address of its own takes: alone, and during the flood. */
async function series(kind: string, flood: Flood): Promise<Series> {
  const fleet = await BenchFleet.make(1);
  const server = await fleet.startManager();
  return {
    goals: [{ id: `manager-sign-in-during-${kind}`, metric: METRIC, ratioAtMost: 2 }],
    runs: 3,
    baseline: async () => ({ [METRIC]: await p95Ms(server, () => Promise.resolve(true)) }),
    product: () => duringFlood(server, flood),
    close: async () => {
      await server.process.stop();
      await fleet.dispose();
    },
  };
}

async function duringFlood(server: Server, flood: Flood): Promise<Sample> {
  const program = join(import.meta.dirname, flood.program);
  const process = new BenchProcess('the flood', [program, new URL(server.url).port, ...(await flood.args(server))]);
  const reached = async (enough: Flood['from']): Promise<boolean> => {
    const done = await process.ask<Done>('count');
    if (Object.keys(done.faults ?? {}).length > 0) throw new Error(`the flood met ${JSON.stringify(done.faults)}`);
    return enough(done);
  };
  try {
    await process.ready();
    const until = performance.now() + GIVE_UP_MS;
    while (!(await reached(flood.from))) if (performance.now() > until) throw new Error('the flood did not rise');
    return { [METRIC]: await p95Ms(server, () => reached(flood.until)) };
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

/** @returns the session's cookie */
async function signIn({ url }: Server): Promise<string> {
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
  return response.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}
