import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CHECKOUT, PROGRAMS } from '../../system/checkout.ts';
import { runToEnd } from '../../system/run-to-end.ts';
import type { Sample, Series } from '../row.ts';
import { largeArchive, smallFilesArchive, type BenchArchive } from './bench-archive.ts';
import { REPOSITORY, servePaced, type PacedServer } from './paced-server.ts';

const RUNS = 5;
const VERSION = '1.0.0';
const INSTALL = join(import.meta.dirname, 'prologues/install-artefact.mjs');
const BYTES_PER_SEC = 50_000_000;
/** Two and eight copies of the runtime: about 80 MB and 320 MB packed. */
const COPIES = { usual: 2, large: 8 } as const;
const SMALL_FILES = 10_000;

/** Fetch, verify and unpack at 50 MB/s, against only downloading. */
export async function downloadSeries(): Promise<Series> {
  const bench = await openBench((file) => largeArchive(file, COPIES.usual), BYTES_PER_SEC);
  return {
    goals: [
      { id: 'edge-install-while-downloading', metric: 'wallMs', ratioAtMost: 1.05 },
      { id: 'edge-install-after-last-byte', metric: 'tailMs', atMost: 50 },
      { id: 'edge-install-memory', metric: 'peakMb', atMost: 100 },
    ],
    runs: RUNS,
    baseline: () => bench.run([program('download-only.mjs'), bench.server.artefactUrl]),
    product: () => bench.install(),
    close: bench.close,
  };
}

/** Four times the artefact, as fast as it is taken: memory must not follow. */
export async function memorySeries(): Promise<Series> {
  const bench = await openBench((file) => largeArchive(file, COPIES.large), null);
  return {
    goals: [{ id: 'edge-install-memory-large', metric: 'peakMb', atMost: 100 }],
    runs: RUNS,
    product: () => bench.install(),
    close: bench.close,
  };
}

/** The same work by the usual tools. */
export async function pipelineSeries(): Promise<Series> {
  const bench = await openBench((file) => largeArchive(file, COPIES.usual), null);
  return {
    goals: [{ id: 'edge-install-processor', metric: 'cpuMs', ratioAtMost: 0.8 }],
    runs: RUNS,
    baseline: () => bench.pipeline(),
    product: () => bench.install(),
    close: bench.close,
  };
}

/** 10,000 small files from a local archive, durable, against node-tar, which leaves them to the page cache. */
export async function smallFilesSeries(): Promise<Series> {
  const bench = await openBench((file) => smallFilesArchive(file, SMALL_FILES), null);
  return {
    goals: [{ id: 'edge-unpack-small-files', metric: 'wallMs', ratioAtMost: 0.3 }],
    runs: RUNS,
    baseline: () => bench.run([program('extract-with-node-tar.mjs'), bench.archive.file, bench.newFolder(true)]),
    product: () => bench.install({ file: bench.archive.file }),
    close: bench.close,
  };
}

const program = (name: string): string => join(import.meta.dirname, name);

interface Measured extends Sample {
  /** When the product was done, on the clock that all processes share. */
  readonly endedAtMs?: number;
}

interface Bench {
  readonly archive: BenchArchive;
  readonly server: PacedServer;
  newFolder(made: boolean): string;
  /** A program for Node that prints its measures. */
  run(args: readonly string[]): Promise<Sample>;
  /** As an agent's attempt does it, from the server or from a file. */
  install(from?: object): Promise<Sample>;
  pipeline(): Promise<Sample>;
  close(): Promise<void>;
}

async function openBench(pack: (file: string) => BenchArchive, bytesPerSec: number | null): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const archive = pack(join(folder, 'artefact.tar.gz'));
  const server = await servePaced(archive.file, bytesPerSec);
  let folders = 0;
  const slot = join(folder, 'edge');
  await runToEnd(CHECKOUT, [PROGRAMS.buildEdge, '--version', VERSION, '--out', slot, '--prologue', INSTALL], 'the edge');
  const root = join(folder, 'root');
  mkdirSync(root);
  const order = join(folder, 'order.json');
  const env = { PATH: process.env['PATH'] ?? '', TIDEGATE_NODE: process.execPath, TIDEGATE_ROOT: root, TIDEGATE_BENCH_ORDER: order };
  const source = { apiBaseUrl: server.url, owner: REPOSITORY.owner, repo: REPOSITORY.repo };
  const measured = async (command: string, args: readonly string[]): Promise<Measured> => {
    settle(folder);
    const { stdout } = await promisify(execFile)(command, args, { env });
    return JSON.parse(stdout) as Measured;
  };

  const bench: Bench = {
    archive,
    server,
    newFolder(made) {
      const path = join(folder, `tree-${folders++}`);
      if (made) mkdirSync(path);
      return path;
    },
    run: (args) => measured(process.execPath, args),
    async install(from = { source, version: REPOSITORY.version }) {
      writeFileSync(order, JSON.stringify({ ...from, artefact: archive.artefact, root, folder: bench.newFolder(false) }));
      const sample = await measured(join(slot, 'bin/tidegate-edge'), ['run']);
      return { ...sample, tailMs: (sample.endedAtMs ?? Number.NaN) - server.lastByteSentAtMs() };
    },
    async pipeline() {
      settle(folder);
      const { stdout } = await promisify(execFile)(program('download-pipeline.sh'), [server.artefactUrl, bench.newFolder(false)]);
      return { cpuMs: cpuMsOf(stdout) };
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** A side must not wait for what the other one, or the one before, left to be written back. */
const settle = (folder: string): void => void execFileSync('sync', ['-f', folder]);

/** `0m0.000s 0m0.004s`, once for the shell and once for its children. */
function cpuMsOf(times: string): number {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}
