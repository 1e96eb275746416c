import { join } from 'node:path';
import { BenchFleet, type Server } from '../manager-sockets/bench-fleet.ts';
import type { Sample, Series } from '../row.ts';

const NODES = 1000;
const AT_ONCE = 100;
const ROUNDS = 30;
const WITHOUT_BEATS = join(import.meta.dirname, 'without-beats.mjs');

/** From the nodes' sockets to PostgreSQL and back, beside the same manager that answers beats without storing them. */
export async function beatsToDatabaseSeries(): Promise<Series> {
  const fleet = await BenchFleet.make(NODES);
  const visit = async (server: Server, stored: boolean): Promise<Sample> => {
    const nodes = await fleet.startNodes();
    try {
      const { live } = await nodes.ask('open', { url: server.url, count: NODES, atOnce: AT_ONCE });
      // The first beat of each says something new, and is stored in either case.
      await nodes.ask('beat', { rounds: 1, from: 1 });
      if (!stored) await server.process.ask('dropBeats');
      const began = new Date();
      const { ms = Number.NaN, beats } = await nodes.ask('beat', { rounds: ROUNDS, from: 2 });
      const { rowCount } = await fleet.sql.query('SELECT FROM node_beats WHERE last_beat_at > $1', [began]);
      // A side that did not do what it is here for has measured nothing.
      const asMeant = live === NODES && beats === NODES * ROUNDS && rowCount === (stored ? NODES : 0);
      return { wallMs: asMeant ? ms : Number.NaN };
    } finally {
      await nodes.stop();
      await server.process.stop();
    }
  };
  return {
    goals: [{ id: 'manager-beats-to-database', metric: 'wallMs', ratioAtMost: 1.33 }],
    runs: 5,
    baseline: async () => await visit(await fleet.startManager(0, [WITHOUT_BEATS]), false),
    product: async () => await visit(await fleet.startManager(0, [WITHOUT_BEATS]), true),
    close: () => fleet.dispose(),
  };
}
