import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CHECKOUT, PROGRAMS } from '../../system/checkout.ts';
import { runToEnd } from '../../system/run-to-end.ts';
import type { Sample, Series } from '../row.ts';
import { startAuthenticatingServer, type AuthenticatingServer } from './authenticating-server.ts';

const VERSION = '1.0.0';
const GIVE_UP_MS = 30_000;
/** Long enough for what a start leaves to be done, short of the next beat. */
const IDLE_AFTER_MS = 3_000;

/** Process start to authenticated socket. */
export async function startSeries(): Promise<Series> {
  const { sides, close } = await openSides();
  // The very first start lives long enough to keep what it compiled, as any start does that is not killed at once.
  await untilAuthenticated(sides.product, IDLE_AFTER_MS);
  return {
    goals: [{ id: 'edge-start-to-authenticated', metric: 'wallMs', ratioAtMost: 1.6 }],
    runs: 9,
    baseline: () => untilAuthenticated(sides.baseline),
    product: () => untilAuthenticated(sides.product),
    close,
  };
}

/** What stays resident once it has nothing to do. */
export async function idleSeries(): Promise<Series> {
  const { sides, close } = await openSides();
  return {
    goals: [{ id: 'edge-idle-memory', metric: 'idleMb', ratioAtMost: 1.25 }],
    runs: 5,
    baseline: () => untilAuthenticated(sides.baseline, IDLE_AFTER_MS),
    product: () => untilAuthenticated(sides.product, IDLE_AFTER_MS),
    close,
  };
}

interface Side {
  readonly server: AuthenticatingServer;
  readonly command: readonly string[];
  readonly env: Record<string, string>;
  /** Undoes what a killed run leaves and a stopped one does not. */
  readonly reset?: () => void;
}

/**
 * The edge as it is installed (wrapper, bundle, configuration, identity, spool, state), and a bare process that only
 * authenticates, both at the same server in this process.
 */
async function openSides(): Promise<{ readonly sides: { baseline: Side; product: Side }; readonly close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const server = await startAuthenticatingServer();
  const root = join(folder, 'root');
  await installEdge(root, server.port);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keyFile = join(folder, 'bare.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const bare = [process.execPath, join(import.meta.dirname, 'bare-client.mjs'), String(server.port), keyFile, server.admit(publicKey)];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TIDEGATE_NODE: process.execPath,
    TIDEGATE_ROOT: root,
    TIDEGATE_GUARD_DIR: join(folder, 'guard'),
    TIDEGATE_RUN_DIR: join(folder, 'run'),
  };
  return {
    sides: {
      baseline: { server, command: bare, env },
      product: { server, command: [join(root, 'current', 'bin', 'tidegate-edge'), 'run'], env, reset: () => emptySpool(root) },
    },
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function installEdge(root: string, port: number): Promise<void> {
  const slot = join(root, 'versions', VERSION);
  for (const name of ['versions', 'staging', 'trial', 'snapshots', 'spool']) mkdirSync(join(root, name), { recursive: true });
  mkdirSync(join(root, 'identity'), { mode: 0o700 });
  await runToEnd(CHECKOUT, [PROGRAMS.buildEdge, '--version', VERSION, '--out', slot], 'the edge');
  for (const name of ['committed', 'current']) symlinkSync(`versions/${VERSION}`, join(root, name));
  const source = { api_base_url: 'https://127.0.0.1', owner: 'tidegate', repo: 'tidegate-edge' };
  const config = { name: 'bench', manager: { url: `ws://127.0.0.1:${port}/ws/node` }, source, upgrade: { enabled: true } };
  writeFileSync(join(root, 'config.json'), JSON.stringify(config));
  // The unmeasured first run enrols with it; all others authenticate only.
  writeFileSync(join(root, 'identity', 'registration-token'), `tgr_${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
}

/** A manager would have taken the events; here nobody does, and each start would read those of all before it. */
function emptySpool(root: string): void {
  const spool = join(root, 'spool');
  for (const name of readdirSync(spool)) rmSync(join(spool, name));
}

async function untilAuthenticated({ server, command, env, reset }: Side, idleAfterMs?: number): Promise<Sample> {
  const [program = '', ...args] = command;
  reset?.();
  const authenticated = server.nextAuthentication();
  const begunAt = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const ended = new Promise<never>((_, reject) => {
    child
      .once('error', reject)
      .once('exit', (code, signal) => reject(new Error(`${program} ended before it authenticated (${signal ?? code})`)));
  });
  const late = AbortSignal.timeout(GIVE_UP_MS);
  const tooLate = new Promise<never>((_, reject) =>
    late.addEventListener('abort', () => reject(new Error(`${program} did not authenticate`)), { once: true }),
  );
  try {
    const { atMs } = await Promise.race([authenticated, ended, tooLate]);
    const sample = { wallMs: atMs - begunAt, cpuMs: child.pid === undefined ? Number.NaN : processorMs(child.pid) };
    if (idleAfterMs === undefined) return sample;
    await Promise.race([wait(idleAfterMs), ended]);
    return { ...sample, idleMb: child.pid === undefined ? Number.NaN : residentMb(child.pid) };
  } finally {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-child.pid, 'SIGKILL');
      await gone;
    }
    // The loser of the race ends too, and nobody is left to hear of it.
    ended.catch(() => undefined);
    tooLate.catch(() => undefined);
  }
}

/** NaN where there is no /proc. */
function residentMb(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return (Number(kib) * 1024) / 1e6;
  } catch {
    return Number.NaN;
  }
}

/** Nanoseconds on a processor, summed over the threads; NaN where there is no /proc. */
function processorMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce(
      (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6,
      0,
    );
  } catch {
    return Number.NaN;
  }
}
