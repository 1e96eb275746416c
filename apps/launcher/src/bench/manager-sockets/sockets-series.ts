import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Sample, Series } from '../row.ts';
import { BenchFleet, type Server } from './bench-fleet.ts';
import type { BenchProcess } from './bench-process.ts';

/** What the issue asks for where the machine allows it; a server and its nodes are two processes, each with its own limit. */
const WANTED_NODES = 10_000;
const OTHER_FILES = 500;
const AT_ONCE = 200;
const BEATING_NODES = 2000;
const BEATS_EACH = 5;

const openFiles = (): number => {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return /^\d+$/.test(limit) ? Number(limit) : Infinity;
};
const nodeCount = (wanted: number): number => Math.min(wanted, openFiles() - OTHER_FILES);

type Visit = (server: Server, nodes: BenchProcess, fleet: BenchFleet) => Promise<Sample>;

/** Both sides get a fresh server and fresh nodes for each run: what one run leaves behind is not the next one's. */
async function series(
  wanted: number,
  runs: number,
  goals: Series['goals'],
  sides: { baseline: Visit; product: Visit; program?: string },
): Promise<Series> {
  const fleet = await BenchFleet.make(nodeCount(wanted), sides.program);
  const visit = async (start: () => Promise<Server>, act: Visit): Promise<Sample> => {
    const server = await start();
    const nodes = await fleet.startNodes();
    try {
      return await act(server, nodes, fleet);
    } finally {
      await nodes.stop();
      await server.process.stop();
    }
  };
  return {
    goals,
    runs,
    baseline: () => visit(() => fleet.startRaw(), sides.baseline),
    product: () => visit(() => fleet.startManager(), sides.product),
    close: () => fleet.dispose(),
  };
}

const all = async (server: Server, nodes: BenchProcess, count: number): Promise<number> => {
  const { ms = Number.NaN, live } = await nodes.ask('open', { url: server.url, count, atOnce: AT_ONCE });
  // A node that was lost on the way makes the row a failure, not a faster one.
  return live === count ? ms : Number.NaN;
};
const cpuMs = async (server: Server): Promise<number> => (await server.process.ask('cpu'))['cpuMs'] ?? Number.NaN;

/** What an authenticated node that says nothing costs, beyond the server that nobody is connected to. */
export function memorySeries(): Promise<Series> {
  const idle: Visit = async (server, nodes, { count }) => {
    // Once around with a few nodes, so that code and pools that come with the first node are not counted as nodes.
    await all(server, nodes, AT_ONCE);
    await nodes.ask('close');
    const before = await server.process.ask('memory');
    await all(server, nodes, count);
    const after = await server.process.ask('memory');
    const perNodeKb = (what: string): number => ((after[what] ?? Number.NaN) - (before[what] ?? 0)) / count / 1000;
    return { nodeKb: perNodeKb('residentBytes'), heapKb: perNodeKb('heapBytes') };
  };
  const goals: Series['goals'] = [
    { id: 'manager-idle-node-memory', metric: 'nodeKb', ratioAtMost: 1.5 },
    { id: 'manager-idle-node-heap', metric: 'heapKb', atMost: 4 },
  ];
  return series(WANTED_NODES, 3, goals, { baseline: idle, product: idle });
}

export function beatSeries(): Promise<Series> {
  const beat: Visit = async (server, nodes, { count }) => {
    await all(server, nodes, count);
    await nodes.ask('beat', { rounds: BEATS_EACH, from: 1 });
    const before = await cpuMs(server);
    const { beats = Number.NaN } = await nodes.ask('beat', { rounds: BEATS_EACH, from: 1 + BEATS_EACH });
    return { cpuMs: (((await cpuMs(server)) - before) / beats) * 1000 };
  };
  const goals: Series['goals'] = [{ id: 'manager-thousand-beats-cpu', metric: 'cpuMs', ratioAtMost: 1.3 }];
  return series(BEATING_NODES, 5, goals, { baseline: beat, product: beat });
}

export function connectSeries(): Promise<Series> {
  const connect: Visit = async (server, nodes, { count }) => {
    await all(server, nodes, AT_ONCE);
    await nodes.ask('close');
    const before = await cpuMs(server);
    await all(server, nodes, count);
    return { cpuMs: (((await cpuMs(server)) - before) / count) * 1000 };
  };
  const goals: Series['goals'] = [{ id: 'manager-thousand-connects-cpu', metric: 'cpuMs', ratioAtMost: 1.3 }];
  return series(BEATING_NODES, 5, goals, { baseline: connect, product: connect });
}

/** From a server that has just started until everybody is back. */
export function reconnectSeries(): Promise<Series> {
  const back: Visit = async (server, nodes, { count }) => ({ wallMs: await all(server, nodes, count) });
  const goals: Series['goals'] = [{ id: 'manager-reconnect-all', metric: 'wallMs', ratioAtMost: 1.5 }];
  return series(WANTED_NODES, 3, goals, { baseline: back, product: back });
}

const epochMs = (): number => performance.timeOrigin + performance.now();

/** From the word until the last node has its command. */
async function untilAllHaveIt(server: Server, nodes: BenchProcess, send: () => Promise<unknown>): Promise<Sample> {
  await nodes.ask('expectCommands');
  const before = await cpuMs(server);
  await server.process.ask('watchLoop');
  const beganMs = epochMs();
  await send();
  const { atMs = Number.NaN } = await nodes.ask('untilCommanded');
  const { lagP99Ms = Number.NaN } = await server.process.ask('loop');
  return { wallMs: atMs - beganMs, cpuMs: (await cpuMs(server)) - before, lagMs: lagP99Ms };
}

/** Commands that somebody else stored, as a replica gets them that only holds the nodes: rows, marked as sent before they leave. */
export function commandSeries(): Promise<Series> {
  const goals: Series['goals'] = [
    { id: 'manager-command-to-all', metric: 'wallMs', ratioAtMost: 1.3 },
    { id: 'manager-command-to-all-cpu', metric: 'cpuMs', ratioAtMost: 1.3 },
    { id: 'manager-command-to-all-lag', metric: 'lagMs', atMost: 20 },
  ];
  return series(WANTED_NODES, 3, goals, {
    baseline: async (server, nodes, { count }) => {
      await all(server, nodes, count);
      return await untilAllHaveIt(server, nodes, () => server.process.ask('sendToAll'));
    },
    product: async (server, nodes, fleet) => {
      await all(server, nodes, fleet.count);
      await storeCommands(fleet);
      return await untilAllHaveIt(server, nodes, () =>
        fleet.sql.query('SELECT pg_notify($1, $2)', ['tidegate', JSON.stringify([randomUUID(), 'command', null])]),
      );
    },
  });
}

/**
 * A wave of a rollout: every check, an upgrade and a command for each node, and the way to it. Beside it a server that only marks rows
 * which exist already, in tables with the same columns and indexes but without rules, triggers or locks of its own, and then sends.
 */
export function waveSeries(): Promise<Series> {
  const goals: Series['goals'] = [
    { id: 'manager-wave', metric: 'wallMs', ratioAtMost: 1.5 },
    { id: 'manager-wave-of-all', metric: 'wallMs', atMost: nodeCount(WANTED_NODES) / 10 },
    { id: 'manager-wave-lag', metric: 'lagMs', atMost: 20 },
  ];
  return series(WANTED_NODES, 3, goals, {
    program: 'wave-bench/main.ts',
    baseline: async (server, nodes, fleet) => {
      await all(server, nodes, fleet.count);
      await storeCommands(fleet);
      await fleet.sql.query(BARE_ROWS);
      await server.process.ask('connectToDatabase');
      return await untilAllHaveIt(server, nodes, () => server.process.ask('markAndSendToAll'));
    },
    product: async (server, nodes, fleet) => {
      await all(server, nodes, fleet.count);
      await nodes.ask('beat', { rounds: 1, from: 1 });
      await fleet.sql.query('TRUNCATE upgrades CASCADE');
      const { rows } = await fleet.sql.query<{ id: string }>('SELECT id FROM nodes ORDER BY id');
      await server.process.ask('plan', { nodeIds: rows.map(({ id }) => id) });
      let begun: number | undefined;
      const sample = await untilAllHaveIt(server, nodes, async () => void ({ begun } = await server.process.ask('wave')));
      return begun === fleet.count ? sample : {};
    },
  });
}

/** A copy of what `storeCommands` left. */
const BARE_ROWS = `
  DROP TABLE IF EXISTS bench_upgrades, bench_commands;
  CREATE TABLE bench_upgrades (LIKE upgrades INCLUDING ALL);
  CREATE TABLE bench_commands (LIKE commands INCLUDING ALL);
  INSERT INTO bench_upgrades SELECT * FROM upgrades;
  INSERT INTO bench_commands OVERRIDING SYSTEM VALUE SELECT * FROM commands;
  ANALYZE bench_upgrades, bench_commands`;

/** One upgrade and its command for each node, as a wave of a rollout would leave them. */
async function storeCommands({ sql }: BenchFleet): Promise<void> {
  await sql.query('TRUNCATE upgrades CASCADE');
  await sql.query(
    `WITH made AS (
       INSERT INTO upgrades (id, node_id, group_id, action, version, channel, from_version, state, requested_by, requested_at, deadline_at, steps)
       SELECT gen_random_uuid(), id, group_id, 'upgrade', '1.1.0', 'stable', '1.0.0', 'queued', 'bench', now(), now() + interval '1 hour', '[]' FROM nodes
       RETURNING id, node_id
     )
     INSERT INTO commands (id, node_id, upgrade_id, action, created_at, expires_at)
     SELECT id, node_id, id, '{"kind": "upgrade_binary", "version": "1.1.0", "channel": "stable"}', now(), now() + interval '1 hour' FROM made`,
  );
  await sql.query('ANALYZE upgrades, commands');
}
