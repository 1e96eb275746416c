import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sample, Series } from '../row.ts';
import { largeArchive, smallFilesArchive, type BenchArchive } from './bench-archive.ts';
import { REPOSITORY, servePaced, type PacedServer } from './paced-server.ts';

const RUNS = 5;
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

interface Bench {
  readonly archive: BenchArchive;
  readonly server: PacedServer;
  newFolder(made: boolean): string;
  run(args: readonly string[]): Promise<Sample & { readonly endedAtMs?: number }>;
  install(from?: { readonly file: string }): Promise<Sample>;
  pipeline(): Promise<Sample>;
  close(): Promise<void>;
}

async function openBench(pack: (file: string) => BenchArchive, bytesPerSec: number | null): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const archive = pack(join(folder, 'artefact.tar.gz'));
  const server = await servePaced(archive.file, bytesPerSec);
  let folders = 0;
  const order = join(folder, 'order.json');
  const source = { apiBaseUrl: server.url, owner: REPOSITORY.owner, repo: REPOSITORY.repo };

  const bench: Bench = {
    archive,
    server,
    newFolder(made) {
      const path = join(folder, `tree-${folders++}`);
      if (made) mkdirSync(path);
      return path;
    },
    async run(args) {
      settle(folder);
      const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', ...args]);
      return JSON.parse(stdout) as Sample;
    },
    async install(from) {
      const target = bench.newFolder(false);
      const where = from ?? { source, version: REPOSITORY.version };
      writeFileSync(order, JSON.stringify({ from: where, artefact: archive.artefact, folder: target }));
      const sample = await bench.run([program('install-artefact.mjs'), order]);
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
