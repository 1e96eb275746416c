import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '@tidegate/test-kit';
import { KeyRing } from './platform/index.ts';
import { Publisher } from './testing/publisher.ts';
import { ScriptedNode } from './testing/scripted-node.ts';
import { sql } from './testing/sql.ts';

const appDir = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(appDir, 'dist', `spec-${process.pid}`, 'main.mjs');
let folder: string;
let child: ChildProcess | undefined;
/** Of databases that lost their manager: PostgreSQL takes its socket with it, and nobody the folder. */
const socketFolders = new Set<string>();

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(appDir, 'build/build-manager.ts'), bundle]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-manager-process-'));
  await writeFile(join(folder, 'password'), 'a long enough password');
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});
afterAll(async () => {
  for (const socketFolder of socketFolders) await rm(socketFolder, { recursive: true, force: true });
  await rm(dirname(bundle), { recursive: true, force: true });
});

async function serve(config: object): Promise<ChildProcess> {
  const file = join(folder, 'manager.json');
  await writeFile(file, JSON.stringify(config));
  const env = { ...process.env, NODE_OPTIONS: '', TIDEGATE_NOTIFY_FD: '3', WATCHDOG_USEC: '200000' };
  return (child = spawn(process.execPath, [bundle, 'serve', '--config', file], { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] }));
}
const good = () => ({ listen: { port: 0 }, data_dir: folder, admin: { password_file: join(folder, 'password') } });

/** Reads the supervisor's pipe up to a line. */
async function untilLine(process: ChildProcess, wanted: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: process.stdio[3] as NodeJS.ReadableStream })) {
    lines.push(line);
    if (line === wanted) return lines;
  }
  throw new Error(`the process ended before ${wanted}: ${lines.join(' | ')}`);
}
async function postmaster(): Promise<number> {
  const [pid, , , , socketFolder] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  if (socketFolder) socketFolders.add(socketFolder);
  return Number(pid);
}

const NODES = 40;
type Ask = (path: string, body?: object) => Promise<Response>;

async function signedIn(port: number): Promise<Ask> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ username: 'admin', password: 'a long enough password' });
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/session`, { method: 'POST', headers, body });
  const { csrf_token: csrf } = (await answer.json()) as { csrf_token: string };
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return (path, asked) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { ...headers, cookie, 'x-csrf-token': csrf },
      ...(asked && { method: 'POST', body: JSON.stringify(asked) }),
    });
}

async function enrolled(port: number, ask: Ask): Promise<ScriptedNode> {
  const { token } = (await (await ask('/api/v1/registration-tokens', { device_type: 'tidegate-edge' })).json()) as { token: string };
  const { node, hello } = await ScriptedNode.greet(port);
  await node.enrol(token);
  await node.authenticate(hello);
  return node;
}

/** Beats and reports for as long as it may; @returns what its socket was closed with. */
async function talk(node: ScriptedNode, acknowledged: Set<string>): Promise<number> {
  try {
    for (let seq = 1; ; seq++) {
      const reported = node.report(seq, 'agent_started', { version: '1.0.0' });
      await Promise.all([node.beat(), reported.then(() => acknowledged.add(`${node.identity.spoolId}/${seq}`))]);
    }
  } catch {
    return (await node.whenClosed()).code;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the manager’s process', () => {
  it('verifies releases with the worker that lies beside it', async () => {
    const publisher = await Publisher.open();
    try {
      await publisher.publish('1.0.0');
      const port = await freePort();
      const sources = [publisher.source({ trust_anchor_file: publisher.anchorFile })];
      const manager = await serve({ ...good(), listen: { port }, release_sources: sources, mirror: { enabled: true } });
      await untilLine(manager, 'READY=1');
      await postmaster();
      const url = `http://127.0.0.1:${port}/mirror/tidegate-edge/repos/tidegate/tidegate-edge/releases/tags/v1.0.0`;
      expect(await (await fetch(url)).json()).toMatchObject({ tag_name: 'v1.0.0', assets: [{}, {}, {}] });
    } finally {
      await publisher.close();
    }
  });

  it('tells its supervisor when it is ready and that it lives, and ends with 0 on SIGTERM together with its database', async () => {
    const manager = await serve(good());
    const lines = await untilLine(manager, 'READY=1');
    expect(lines[0]).toBe('STATUS=starting');
    const pid = await postmaster();
    manager.kill('SIGTERM');
    const [code] = (await once(manager, 'exit')) as [number];
    expect(code).toBe(0);
    await expect(readlink(`/proc/${pid}/cwd`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps what it acknowledged when it is stopped under load, says goodbye to everybody, and finishes what was asked', async () => {
    const database = await createTestDatabase();
    try {
      const port = await freePort();
      const manager = await serve({ ...good(), listen: { port }, database_url: database.url });
      await untilLine(manager, 'READY=1');
      const ask = await signedIn(port);
      const nodes = await Promise.all(Array.from({ length: NODES }, () => enrolled(port, ask)));
      const { next_cursor: cursor } = (await (await ask('/api/v1/siem/audit')).json()) as { next_cursor: string };
      // Waits for audit rows, of which there are no more.
      const waiting = ask(`/api/v1/siem/audit?wait=30&after=${cursor}`);
      const stream = await ask('/api/v1/stream');
      const acknowledged = new Set<string>();
      const talks = nodes.map((node) => talk(node, acknowledged));
      while (acknowledged.size < 10 * NODES) await new Promise((settle) => setImmediate(settle));
      manager.kill('SIGTERM');
      const [code] = (await once(manager, 'exit', { signal: AbortSignal.timeout(10_000) })) as [number];
      expect(code).toBe(0);
      expect(await Promise.all(talks)).toEqual(nodes.map(() => 1012));
      expect((await waiting).status).toBe(200);
      await stream.text();
      const rows = await sql<{ name: string }>(
        database.url,
        `SELECT spool_id || '/' || seq AS name FROM events WHERE spool_id IS NOT NULL`,
      );
      const stored = new Set(rows.map((row) => row.name));
      expect([...acknowledged].filter((name) => !stored.has(name))).toEqual([]);
      const open = await sql(database.url, 'SELECT node_id FROM node_sessions WHERE disconnected_at IS NULL UNION SELECT id FROM replicas');
      expect(open).toEqual([]);
    } finally {
      await database.stop();
    }
  });

  it('seals what its standard input says, with the key of its data folder, which it makes', async () => {
    const file = join(folder, 'manager.json');
    await writeFile(file, JSON.stringify(good()));
    const place = 'release_sources.tidegate-edge.token';
    const sealing = promisify(execFile)(process.execPath, [bundle, 'seal', '--config', file, '--for', place]);
    sealing.child.stdin?.end('a token\n');
    const { stdout } = await sealing;
    const ring = await KeyRing.load({ data_dir: folder, secrets: { previous_key_files: [] } });
    expect(ring?.open(stdout.trim(), place)).toBe('a token');
    expect((await stat(join(folder, 'secrets.key'))).mode & 0o777).toBe(0o600);
  });

  it('leaves no database behind when it is killed', async () => {
    const manager = await serve(good());
    await untilLine(manager, 'READY=1');
    const pid = await postmaster();
    manager.kill('SIGKILL');
    await once(manager, 'exit');
    const gone = async (): Promise<boolean> =>
      readlink(`/proc/${pid}/cwd`).then(
        () => false,
        () => true,
      );
    while (!(await gone())) await new Promise((settle) => setImmediate(settle));
  });

  it('refuses a configuration it does not understand, with a code, before it does anything', async () => {
    const manager = await serve({ ...good(), upgrades: true });
    const [line] = (await once(createInterface({ input: manager.stderr as NodeJS.ReadableStream }), 'line')) as [string];
    expect(JSON.parse(line)).toMatchObject({ code: 'config_invalid', details: { problems: ['upgrades: unrecognized_keys'] } });
    if (manager.exitCode === null) await once(manager, 'exit');
    expect(manager.exitCode).toBe(1);
    await expect(readFile(join(folder, 'postgres', 'PG_VERSION'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
