import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Api } from './api.ts';
import { freePort, LocalSystem, newFolder } from './local-system.ts';
import { processesOf } from './processes-of.ts';

const folders: string[] = [];
const systems: LocalSystem[] = [];
afterAll(async () => {
  // A test that failed half-way must not leave its system running: the runner would wait for it for ever.
  await Promise.all(systems.map((system) => system.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);
const ownFolder = (): string => {
  const folder = newFolder();
  folders.push(folder);
  return folder;
};

describe('a start and the next one', () => {
  it('end on Ctrl-C with nothing left, and find the same password, nodes and versions again', async () => {
    const folder = ownFolder();
    const first = LocalSystem.spawn(['--nodes', '1'], { folder, port: await freePort() });
    systems.push(first);
    await first.ready();
    const { password } = first;
    expect(first.printed).toContain(password);
    expect(first.printed.trim().split('\n').length).toBeLessThanOrEqual(10);
    const api = await Api.signIn(first);
    const before = await api.nodeThat('breakwater', 'online', (node) => node.connection === 'online');
    await api.upgrade('breakwater', '1.1.0');
    await api.nodeThat('breakwater', 'updated', (node) => node.badge.kind === 'updated', 90_000);
    // npm passes Ctrl-C on to a process that the terminal has told already.
    first.child.kill('SIGINT');
    first.child.kill('SIGINT');
    expect(await first.ended()).toEqual({ code: 0, signal: null });
    expect(processesOf(folder)).toEqual([]);
    expect(existsSync(join(folder, 'processes.json'))).toBe(false);

    const second = LocalSystem.spawn(['--nodes', '2'], { folder, port: await freePort() });
    systems.push(second);
    await second.ready();
    try {
      expect(second.password).toBe(password);
      const again = await Api.signIn(second);
      const after = await again.nodeThat('breakwater', 'online', (node) => node.connection === 'online');
      expect(after).toMatchObject({ id: before.id, software_version: '1.1.0', committed_version: '1.1.0', previous_version: '1.0.0' });
      await again.nodeThat('lantern', 'online', (node) => node.connection === 'online' && node.software_version === '1.0.0');

      const third = LocalSystem.spawn(['--nodes', '1'], { folder, port: await freePort() });
      expect((await third.ended()).code).toBe(1);
      expect(third.said).toEqual([expect.stringContaining(`process ${second.child.pid}`)]);
    } finally {
      await second.stop();
    }
    expect(processesOf(folder)).toEqual([]);
  }, 420_000);

  it('ends orderly when it is interrupted while it still builds or starts', async () => {
    const folder = ownFolder();
    const system = LocalSystem.spawn(['--nodes', '1'], { folder, port: await freePort() });
    await system.says(/./, 0, 120_000);
    system.child.kill('SIGTERM');
    expect((await system.ended()).code).toBe(0);
    await system.nothingLeft();
  }, 180_000);
});

describe('a start that cannot be', () => {
  it('names a taken port and the option for another, in one line, before anything is built', async () => {
    const folder = ownFolder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const system = LocalSystem.spawn([], { folder, port });
    expect((await system.ended()).code).toBe(1);
    expect(system.said).toEqual([expect.stringMatching(new RegExp(`^tidegate: .*${port}.*--port`))]);
    expect(system.printed).toBe('');
    expect(existsSync(join(folder, 'demo-releases', 'trees'))).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  }, 30_000);

  it('names a data folder that cannot be one', async () => {
    const file = join(ownFolder(), 'file');
    writeFileSync(file, '');
    const system = LocalSystem.spawn([], { folder: file, port: await freePort() });
    expect((await system.ended()).code).toBe(1);
    expect(system.said).toEqual([expect.stringMatching(/^tidegate: .*--data-dir/)]);
  }, 30_000);
});
