import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '../main.ts');

let folder: string;
let root: string;
let agent: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-only-'));
  root = join(folder, 'root');
  await mkdir(join(root, 'versions/1.0.0/bin'), { recursive: true });
  await writeFile(join(root, 'versions/1.0.0/bin/tidegate-edge'), '#!/bin/sh\n');
  await chmod(join(root, 'versions/1.0.0/bin/tidegate-edge'), 0o755);
  for (const link of ['current', 'committed']) await symlink('versions/1.0.0', join(root, link));
  await writeFile(join(root, 'config.json'), '{}');
});
afterEach(async () => {
  agent?.kill('SIGKILL');
  await run('umount', [root]).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

/** Runs the agent until it says so, and ends it. */
async function untilSaid(message: string): Promise<Record<string, unknown>[]> {
  const env = { ...process.env, TIDEGATE_ROOT: root, TIDEGATE_GUARD_DIR: join(folder, 'guard') };
  agent = spawn(process.execPath, ['--no-warnings', MAIN, 'run'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: agent.stdout! })) {
    said.push(JSON.parse(line));
    if (said.at(-1)?.['message'] === message) agent.kill('SIGTERM');
  }
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  return said;
}

// A read-only mount takes root.
const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('an agent on a read-only root', () => {
  asRoot('that has run before starts and serves, and settles what it owes once the root takes writes again', async () => {
    const postponed = expect.objectContaining({ message: 'recovery postponed', code: 'upgrade_storage_error' });
    expect(await untilSaid('started')).not.toContainEqual(postponed);
    await run('mount', ['--bind', root, root]);
    await run('mount', ['-o', 'remount,ro,bind', root]);
    expect(await untilSaid('started')).toContainEqual(postponed);
    expect(agent?.exitCode).toBe(0);
    await run('mount', ['-o', 'remount,rw,bind', root]);
    expect(await untilSaid('started')).not.toContainEqual(postponed);
  });
});
