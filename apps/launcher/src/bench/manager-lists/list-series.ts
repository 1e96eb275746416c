import { BenchFleet, type Server } from '../manager-sockets/bench-fleet.ts';
import type { Sample, Series } from '../row.ts';
import { fillFleet, GROUP_OF_FEW, NODES } from './large-fleet.ts';

/** Each kind of request, this often in a run: the second slowest of them is the 95th percentile. */
const REQUESTS = 20;
const P95 = Math.ceil(0.95 * REQUESTS) - 1;

/** The first page of each list that the console offers, over all nodes. */
const LISTS = {
  'by-name': '',
  'by-name-descending': 'order=desc',
  'by-version': 'sort=software_version',
  'by-version-descending': 'sort=software_version&order=desc',
  'by-last-seen': 'sort=last_seen_at',
  'by-enrolment': 'sort=enrolled_at&order=desc',
  'by-group': 'sort=group',
  search: 'search=9999',
  'search-nothing': 'search=no-node-is-called-so',
  group: `group=${GROUP_OF_FEW}`,
  'device-type': 'device_type=gateway',
  version: 'version=1.4.0',
  'version-by-last-seen': 'version=1.4.0&sort=last_seen_at',
  'badge-of-few': 'badge=upgrade_failed',
  'badge-of-most': 'badge=updated',
  'connection-of-few': 'connection=offline',
  'connection-of-most': 'connection=online',
  label: 'labels=site%3Dsite-7',
  'label-of-many': 'labels=env%3Dcanary,site',
  maintenance: 'maintenance=true',
  'behind-sequence': 'behind_sequence=true',
  'trust-differs': 'trust_differs=true',
  'offline-with-label-by-version': 'connection=offline&labels=env&sort=software_version&order=desc',
} as const;

/**
 * The manager's answers over HTTP, one after the other, from a PostgreSQL that does nothing else. The baseline is the same request
 * with the cheapest query there is, who is signed in: what the way through HTTP, session and database costs by itself.
 */
export async function listSeries(): Promise<Series> {
  const fleet = await BenchFleet.make(1);
  const server = await fleet.startManager();
  await fillFleet(fleet.sql);
  const ask = await signIn(server);
  const product = async (): Promise<Sample> => {
    const sample: Record<`p95Ms ${string}`, number> = {};
    for (const [name, query] of Object.entries(LISTS)) sample[`p95Ms ${name}`] = await p95(() => ask(`/api/v1/nodes?${query}`));
    return sample;
  };
  const baseline = async (): Promise<Sample> => {
    const idle = await p95(() => ask('/api/v1/session'));
    return Object.fromEntries(Object.keys(LISTS).map((name) => [`p95Ms ${name}`, idle]));
  };
  return {
    goals: Object.keys(LISTS).map((name) => ({
      id: `manager-list-${NODES / 1000}k-${name}`,
      metric: `p95Ms ${name}` as const,
      atMost: 50,
    })),
    runs: 3,
    baseline,
    product,
    close: async () => {
      await server.process.stop();
      await fleet.dispose();
    },
  };
}

async function p95(request: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < REQUESTS; n++) {
    const began = performance.now();
    await request();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[P95] ?? Number.NaN;
}

async function signIn({ url }: Server): Promise<(path: string) => Promise<void>> {
  const base = url.replace('ws:', 'http:');
  const body = JSON.stringify({ username: 'admin', password: 'a long enough password' });
  const signedIn = await fetch(`${base}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return async (path) => {
    const answer = await fetch(base + path, { headers: { cookie } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  };
}
