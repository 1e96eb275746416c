import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { processesOf } from '../processes-of.ts';
import { Bench, whyNoHosts } from './bench.ts';
import { TestHost } from './test-host.ts';

const source = (name: string): string => JSON.stringify(join(import.meta.dirname, name));
/** A user of the bench that never closes it: boots a host, says where, and waits to be killed. */
const OPENS_AND_WAITS = `
  const { Bench } = await import(${source('bench.ts')});
  const { TestHost } = await import(${source('test-host.ts')});
  const bench = await Bench.open();
  await new TestHost(bench, 'left-alone').boot();
  process.stdout.write(bench.folder + '\\n');
  setInterval(() => {}, 60_000);`;

const onHosts = whyNoHosts() === undefined ? describe : describe.skip;

onHosts('a bench of hosts', () => {
  let bench: Bench;
  let host: TestHost;
  beforeAll(async () => {
    bench = await Bench.open();
    host = new TestHost(bench, 'one');
  });
  afterAll(() => bench?.close());

  it('boots a host with a boot id and a network of its own, on a disk that outlives the boot', async () => {
    await host.boot();
    const first = await host.bootId();
    expect(first).not.toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect((await host.run('ip', '-brief', 'link')).trim().split('\n')).toEqual([expect.stringMatching(/^lo /)]);
    await host.run('sh', '-c', 'echo kept >/var/lib/kept; echo lost >/run/lost');
    await host.cutPower();
    await host.boot();
    expect(await host.bootId()).not.toBe(first);
    expect(await host.run('cat', '/var/lib/kept')).toBe('kept\n');
    expect(readFileSync(host.at('var/lib/kept'), 'utf8')).toBe('kept\n');
    expect((await host.exec('cat', '/run/lost')).code).toBe(1);
    await host.shutDown();
    await expect(host.exec('true')).rejects.toThrow('one is not up');
  }, 60_000);

  it('cuts the power in the middle of everything, an orderly shutdown lets services end', async () => {
    mkdirSync(host.at('etc/systemd/system'), { recursive: true });
    writeFileSync(
      host.at('etc/systemd/system/lingering.service'),
      '[Service]\nExecStart=/usr/bin/sleep infinity\nExecStop=/usr/bin/touch /var/lib/stopped\n[Install]\nWantedBy=multi-user.target\n',
    );
    await host.boot();
    await host.run('systemctl', 'enable', '--now', 'lingering.service');
    await host.cutPower();
    expect(existsSync(host.at('var/lib/stopped'))).toBe(false);
    await host.boot();
    await host.shutDown();
    expect(existsSync(host.at('var/lib/stopped'))).toBe(true);
  }, 60_000);

  it('leaves nothing behind when its user is killed outright', async () => {
    const user = spawn(process.execPath, ['--input-type=module', '-e', OPENS_AND_WAITS], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    user.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const folder = await eventually('the other bench', 60_000, () => (said.includes('\n') ? said.trim() : undefined));
    const keepers = processesOf(folder);
    expect(keepers.length).toBeGreaterThan(0);
    const ended = once(user, 'exit');
    user.kill('SIGKILL');
    await ended;
    await eventually(`an end of ${folder}`, 30_000, () => (existsSync(folder) || processesOf(folder).length > 0 ? undefined : true));
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    const cgroups = keepers.map(({ pid }) => `tidegate-bench-${pid}`);
    expect(cgroups.filter((name) => existsSync(join('/sys/fs/cgroup', name)) || existsSync(join('/sys/fs/cgroup/unified', name)))).toEqual(
      [],
    );
  }, 120_000);
});
