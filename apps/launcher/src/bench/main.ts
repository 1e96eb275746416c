import { execFileSync } from 'node:child_process';
import { loadavg, tmpdir } from 'node:os';
import { measureSeries, type Series } from './row.ts';

type Opener = () => Promise<Series>;

/** Each area opens its series one after the other, so that they do not disturb each other. */
const AREAS: Readonly<Record<string, () => Promise<Readonly<Record<string, Opener>>>>> = {
  edge: async () => {
    const [start, artefact] = await Promise.all([
      import('./edge-start/edge-start-series.ts'),
      import('./edge-artefact/artefact-series.ts'),
    ]);
    return {
      start: start.startSeries,
      idle: start.idleSeries,
      download: artefact.downloadSeries,
      memory: artefact.memorySeries,
      pipeline: artefact.pipelineSeries,
      files: artefact.smallFilesSeries,
    };
  },
  manager: async () => {
    const [sockets, lists, floods, records, beats] = await Promise.all([
      import('./manager-sockets/sockets-series.ts'),
      import('./manager-lists/list-series.ts'),
      import('./manager-floods/flood-series.ts'),
      import('./manager-events/record-series.ts'),
      import('./manager-events/beat-series.ts'),
    ]);
    return {
      lists: lists.listSeries,
      'sockets-memory': sockets.memorySeries,
      'sockets-beats': sockets.beatSeries,
      'sockets-connect': sockets.connectSeries,
      'sockets-reconnect': sockets.reconnectSeries,
      'sockets-command': sockets.commandSeries,
      'sockets-wave': sockets.waveSeries,
      'events-insert': records.recordSeries,
      'events-beats': beats.beatsToDatabaseSeries,
      'floods-guesses': floods.guessesSeries,
      'floods-wide-guesses': floods.wideGuessesSeries,
      'floods-silent': floods.silentSeries,
      'floods-headers': floods.headersSeries,
      'floods-bodies': floods.bodiesSeries,
      'floods-nodes': floods.nodesSeries,
      'floods-oversized': floods.oversizedSeries,
      'floods-session': floods.sessionSeries,
      'floods-streams': floods.streamsSeries,
    };
  },
};

/** What bounds the number of sockets a row may open; rows that need many scale with it. */
const openFilesLimit = (): number | null => {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return /^\d+$/.test(limit) ? Number(limit) : null;
};

/** Kind of the file system that everything is written to; `TMPDIR` chooses another. */
const diskKind = (): string =>
  execFileSync('df', ['--output=fstype', tmpdir()], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? 'unknown';

const refuse = (problem: string): number => {
  process.stderr.write(`tidegate: ${problem}\n`);
  return 2;
};

async function run([area = '', ...chosen]: readonly string[]): Promise<number> {
  const open = Object.hasOwn(AREAS, area) ? AREAS[area] : undefined;
  if (!open) return refuse(`bench needs an area: ${Object.keys(AREAS).join(', ')}`);
  const all = await open();
  // `sockets` stands for all of `sockets-…`.
  const isMeant = (name: string, by: string): boolean => name === by || name.startsWith(`${by}-`);
  const stranger = chosen.find((by) => !Object.keys(all).some((name) => isMeant(name, by)));
  if (stranger !== undefined) return refuse(`bench ${area} has no "${stranger}", only ${Object.keys(all).join(', ')}`);
  const print = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  let passed = true;
  for (const [name, series] of Object.entries(all)) {
    if (chosen.length > 0 && !chosen.some((by) => isMeant(name, by))) continue;
    // Others' work is the first reason for an odd figure, so it is written beside each.
    const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
    for (const result of await measureSeries(await series())) {
      passed &&= result.pass;
      print({ ...result, load });
    }
  }
  print({ bench: passed ? 'pass' : 'fail', area, disk: diskKind(), open_files: openFilesLimit() });
  return passed ? 0 : 1;
}

process.exitCode = await run(process.argv.slice(2));
