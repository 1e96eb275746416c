import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import { createHealthChecks, createMigrationRunner } from './index.ts';

const environment = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8', TIDEGATE_ROOT: '/root-of-tests' };
const versions = { from: releaseVersion.parse('1.0.0'), to: releaseVersion.parse('1.1.0') };

let slot: string;
let server: Server | undefined;
const script = async (name: string, text: string): Promise<void> => {
  await writeFile(join(slot, 'bin', name), `#!/bin/sh\n${text}\n`);
  await chmod(join(slot, 'bin', name), 0o755);
};
const migrate = (argv: string[], timeoutSecs = 10) =>
  createMigrationRunner({ environment, dataDir: '/data-of-tests' }).run(
    { id: 'split-names', argv, timeout_secs: timeoutSecs, reversible: true },
    slot,
    versions,
  );
/** Dead, or dead and waiting for whoever has to bury it. */
const gone = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
};
const dies = async (pid: number): Promise<void> => {
  while (!(await gone(pid))) await immediate();
};

beforeEach(async () => {
  slot = await mkdtemp(join(tmpdir(), 'programs-'));
  await mkdir(join(slot, 'bin'));
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(slot, { recursive: true, force: true });
});

describe('a migration', () => {
  it('runs from the slot, with arguments, and with a scrubbed environment', async () => {
    process.env['SECRET_OF_TESTS'] = 'not for it';
    await script('migrate', 'printf "%s\\n" "$@" "$PWD" >args; env >environment');
    expect(await migrate(['bin/migrate', 'up', 'a b'])).toEqual({ ok: true, value: undefined });
    expect(await readFile(join(slot, 'args'), 'utf8')).toBe(`up\na b\n${slot}\n`);
    const names = (await readFile(join(slot, 'environment'), 'utf8')).split('\n').map((line) => line.split('=')[0]);
    expect(names.filter((name) => name && !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name)).sort()).toEqual([
      'HOME',
      'LANG',
      'PATH',
      'TIDEGATE_DATA_DIR',
      'TIDEGATE_FROM_VERSION',
      'TIDEGATE_MIGRATION',
      'TIDEGATE_ROOT',
      'TIDEGATE_SLOT',
      'TIDEGATE_TO_VERSION',
    ]);
    delete process.env['SECRET_OF_TESTS'];
  });

  it.each([
    ['exit 3', { exit_status: 3 }],
    ['kill -TERM $$', { signal: 'SIGTERM' }],
  ])('that ends with %s fails with its details', async (text, details) => {
    await script('migrate', text);
    expect(await migrate(['bin/migrate'])).toMatchObject({
      code: 'upgrade_migration_failed',
      details: { migration: 'split-names', ...details },
    });
  });

  it('that is missing or no program fails, and never falls back to the host’s', async () => {
    expect(await migrate(['true'])).toMatchObject({ details: { errno: 'ENOENT' } });
    await writeFile(join(slot, 'bin/data'), 'no program');
    expect(await migrate(['bin/data'])).toMatchObject({ details: { errno: 'EACCES' } });
    expect(await migrate(['bin/\0'])).toMatchObject({ code: 'upgrade_migration_failed' });
  });

  it('over its time limit is killed with all it started', async () => {
    await script('migrate', 'sleep 600 & echo $! >child; sleep 600');
    expect(await migrate(['bin/migrate'], 1)).toMatchObject({ details: { rule: 'time limit' } });
    await dies(Number(await readFile(join(slot, 'child'), 'utf8')));
  });

  it('that ends well takes what it left running with it', async () => {
    await script('migrate', 'sleep 600 & echo $! >child; exit 0');
    expect(await migrate(['bin/migrate'])).toMatchObject({ ok: true });
    await dies(Number(await readFile(join(slot, 'child'), 'utf8')));
  });
});

describe('health checks', () => {
  const checks = createHealthChecks(environment);
  const listen = async (status: number | null): Promise<number> => {
    server = createServer((_, response) => {
      if (status !== null) response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('x'.repeat(1_000_000));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const http = (port: number, path = '/healthz', timeoutSecs = 5) => ({
    id: 'api',
    kind: 'http' as const,
    path,
    port,
    timeout_secs: timeoutSecs,
  });

  it.each([
    [200, { id: 'api', ok: true }],
    [302, { id: 'api', ok: true }],
    [404, { id: 'api', ok: false, detail: 'status 404' }],
    [503, { id: 'api', ok: false, detail: 'status 503' }],
  ])('over HTTP: %p', async (status, result) => {
    expect(await checks.run([http(await listen(status))], slot)).toEqual([result]);
  });

  it('over HTTP fail when nobody listens, nobody answers in time, or the path is none', async () => {
    const port = await listen(null);
    expect(await checks.run([http(port, '/', 1)], slot)).toEqual([{ id: 'api', ok: false, detail: 'time limit' }]);
    expect(await checks.run([http(port, '/a b\n')], slot)).toMatchObject([{ ok: false }]);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    expect(await checks.run([http(port)], slot)).toEqual([{ id: 'api', ok: false, detail: 'ECONNREFUSED' }]);
  });

  it('over HTTP never leave this machine: the path cannot name another host', async () => {
    const port = await listen(200);
    expect(await checks.run([http(port, '//192.0.2.1/healthz'), http(port, '@192.0.2.1/')], slot)).toMatchObject([
      { ok: true },
      { ok: true },
    ]);
  });

  it('by a program of the slot or of the host, side by side', async () => {
    await script('check', 'exit $1');
    const program = (id: string, argv: string[], timeoutSecs = 5) => ({ id, kind: 'command' as const, argv, timeout_secs: timeoutSecs });
    expect(
      await checks.run(
        [
          program('good', ['bin/check', '0']),
          program('bad', ['bin/check', '2']),
          program('host', ['/bin/true']),
          program('slow', ['/bin/sleep', '600'], 1),
        ],
        slot,
      ),
    ).toEqual([
      { id: 'good', ok: true },
      { id: 'bad', ok: false, detail: 'exit status 2' },
      { id: 'host', ok: true },
      { id: 'slow', ok: false, detail: 'time limit' },
    ]);
  });
});
