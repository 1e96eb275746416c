import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startScriptedManager, type ScriptedManager, type ScriptedManagerOptions } from '@tidegate/adapter-link-ws/testing';
import { buildEdge, makeRoot, type InstallRoot } from './testing/built-edge.ts';

const TOKEN = `tgr_${'t'.repeat(43)}`;
const COMMAND = '9c3d5f10-4b5e-4c8e-8a77-2c1d4e5f6a03';

describe('the built edge', () => {
  let builds: string;
  let slot: string;
  const roots: InstallRoot[] = [];
  const managers: ScriptedManager[] = [];
  beforeAll(async () => {
    builds = mkdtempSync(join(tmpdir(), 'tidegate-build-'));
    slot = join(builds, 'slot');
    await buildEdge(slot);
  });
  afterEach(async () => {
    for (const root of roots.splice(0)) await root.remove();
    for (const manager of managers.splice(0)) await manager.close();
  });
  afterAll(() => rmSync(builds, { recursive: true }));

  const serve = async (options: ScriptedManagerOptions = {}): Promise<ScriptedManager> => {
    const manager = await startScriptedManager(options);
    managers.push(manager);
    return manager;
  };
  const install = (url: string, { token = TOKEN, upgrade = {} } = {}): InstallRoot => {
    const root = makeRoot(slot, { manager: { url }, name: 'north-quay', upgrade }, token);
    // A guard watches this node, as far as the agent can tell.
    mkdirSync(join(root.root, 'guard'));
    writeFileSync(join(root.root, 'guard/version'), 'guard=1.0.0\nprotocol=1\n');
    roots.push(root);
    return root;
  };

  it('enrols, authenticates, beats, reports its start and stops when asked', async () => {
    const manager = await serve();
    const node = install(manager.url);
    const edge = node.start();
    const registered = await manager.waitFor('register');
    expect(registered).toMatchObject({ token: TOKEN, device_type: 'tidegate-edge', facts: { name: 'north-quay' } });
    const beat = await manager.waitFor('health', ({ beat }) => beat === 3);
    expect(beat).toMatchObject({
      software_version: '1.0.0',
      capabilities: ['upgrade'],
      trust_purpose: 'release',
      attempt: null,
      trial: null,
      restarts: 0,
    });
    expect(await manager.waitFor('event')).toMatchObject({
      event: { name: 'agent_started', seq: 1, details: { version: '1.0.0', last_ended: 'first_start' } },
    });
    expect(existsSync(join(node.root, 'identity/registration-token'))).toBe(false);
    expect(await node.run('status', '-o', 'json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`"agent_pid":${edge.child.pid}`),
    });
    edge.child.kill('SIGTERM');
    expect(await edge.exited).toEqual({ code: 0, signal: null });
    expect(edge.lines.join('')).not.toContain(TOKEN);
  });

  it('comes back to a manager that was killed, and goes on counting beats', async () => {
    const nodes = new Map<string, string>();
    const first = await serve({ nodes });
    install(first.url).start();
    const { run_id: runId, beat } = await first.waitFor('health', ({ beat }) => beat > 1);
    const port = Number(new URL(first.url).port);
    for (let restart = 0; restart < 2; restart++) {
      await managers.pop()?.close();
      const next = await serve({ nodes, port, managerId: first.managerId });
      const health = await next.waitFor('health');
      expect(health.run_id).toBe(runId);
      expect(health.beat).toBeGreaterThan(beat);
      expect(next.heard.some(({ type }) => type === 'register')).toBe(false);
    }
  });

  it('says how its last run ended', async () => {
    const manager = await serve();
    const node = install(manager.url);
    const first = node.start();
    const { event } = await manager.waitFor('event');
    first.child.kill('SIGKILL');
    await first.exited;
    node.start();
    const next = await manager.waitFor('event', (message) => message.event.spool_id !== event.spool_id);
    expect(next.event).toMatchObject({ seq: 1, details: { last_ended: 'unknown', restarts: 1 } });
  });

  it('answers a command by its policy: upgrades are off by default', async () => {
    const manager = await serve();
    install(manager.url).start();
    const { node_id: nodeId } = await manager.waitFor('auth');
    await manager.waitFor('health');
    const action = { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable' };
    const command = { type: 'command', id: COMMAND, node_id: nodeId, ttl_secs: 60, action };
    manager.send(command as never);
    expect(await manager.waitFor('command_ack')).toMatchObject({ id: COMMAND, accepted: false, error_code: 'upgrade_disabled' });
  });

  it('reports a fetch that cannot work and stays', async () => {
    const manager = await serve();
    const node = install(manager.url, { upgrade: { enabled: true } });
    node.start();
    const { node_id: nodeId } = await manager.waitFor('auth');
    await manager.waitFor('health');
    const action = { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable' };
    manager.send({ type: 'command', id: COMMAND, node_id: nodeId, ttl_secs: 60, action } as never);
    expect(await manager.waitFor('command_ack')).toMatchObject({ accepted: true });
    const failed = await manager.waitFor('event', ({ event }) => event.name === 'upgrade_failed');
    expect(failed.event.details).toMatchObject({ error_code: 'upgrade_release_not_found', command_id: COMMAND });
    expect(await manager.waitFor('health', ({ attempt }) => attempt?.state === 'failed')).toMatchObject({
      attempt: { error_code: 'upgrade_release_not_found' },
    });
  });

  it('talks to its supervisor over the pipe', async () => {
    const manager = await serve();
    const edge = install(manager.url).start({ TIDEGATE_NOTIFY_FD: '3', WATCHDOG_USEC: '300000' });
    let text = '';
    const pipe = edge.child.stdio[3] as Readable;
    pipe.on('data', (data) => (text += String(data)));
    while (!/READY=1\n[^]*WATCHDOG=1\n[^]*WATCHDOG=1\n/.test(text)) await once(pipe, 'data');
    edge.child.kill('SIGTERM');
    await edge.exited;
    expect(text).toMatch(/STATUS=1\.0\.0: connected\n/);
    expect(text.trimEnd().endsWith('STOPPING=1')).toBe(true);
  });

  it('opens no debugger to a signal that comes before it listens', async () => {
    const early = `--import=data:text/javascript,process.kill(process.pid,'SIGUSR1')`;
    const edge = install('ws://127.0.0.1:1/ws/node').start({ NODE_OPTIONS: early });
    let errors = '';
    edge.child.stderr?.on('data', (data) => (errors += String(data)));
    while (!edge.lines.join('').includes('started')) await once(edge.child.stdout as Readable, 'data');
    edge.child.kill('SIGTERM');
    expect(await edge.exited).toEqual({ code: 0, signal: null });
    expect(errors).not.toMatch(/debugger/i);
  });

  it('lets one agent run on a root', async () => {
    const manager = await serve();
    const node = install(manager.url);
    node.start();
    await manager.waitFor('health');
    expect(await node.run('run')).toMatchObject({ code: 75, stderr: expect.stringContaining('root_in_use') });
  });

  it('probes without taking the session over, and tells a refusal from an absent manager', async () => {
    const nodes = new Map<string, string>();
    const manager = await serve({ nodes });
    const node = install(manager.url);
    expect(await node.run('probe')).toMatchObject({ code: 77, stderr: expect.stringContaining('identity_unusable') });
    node.start();
    await manager.waitFor('health');
    expect(await node.run('probe')).toMatchObject({ code: 0, stderr: '' });
    expect(manager.heard.filter((message) => message.type === 'auth').map((message) => message.intent)).toEqual(['session', 'probe']);
    expect(manager.sessions).toBe(1);
    nodes.clear();
    expect(await node.run('probe')).toMatchObject({ code: 1, stderr: expect.stringContaining('node_unknown') });
    await managers.pop()?.close();
    expect(await node.run('probe')).toMatchObject({ code: 1, stderr: expect.stringContaining('manager_unavailable') });
    expect(readFileSync(join(node.root, 'identity/node.json'), 'utf8')).toContain(manager.managerId);
  });

  it('gives up a probe that is never answered before the guard does', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const manager = await serve();
    const node = install(manager.url);
    const edge = node.start();
    await manager.waitFor('health');
    edge.child.kill('SIGTERM');
    await edge.exited;
    writeFileSync(
      join(node.root, 'config.json'),
      JSON.stringify({ manager: { url: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/ws/node` } }),
    );
    const startedAt = performance.now();
    expect(await node.run('probe')).toMatchObject({ code: 1 });
    expect(performance.now() - startedAt).toBeLessThan(9_900);
    silent.close();
  });

  it.each([
    ['a configuration that cannot be read', '{', 78, 'config_invalid'],
    ['plain text to another host', '{"manager":{"url":"ws://manager.example/ws/node"}}', 78, 'config_invalid'],
  ])('ends with one clear line on %s', async (_, config, code, text) => {
    const node = install('ws://127.0.0.1:1/ws/node');
    writeFileSync(join(node.root, 'config.json'), config);
    const ended = await node.run('run');
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(text) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [['version', '-o', 'json'], 0],
    [['help'], 0],
    [[], 0],
    [['upgrade'], 2],
    [['run', '--force'], 2],
  ])('%j exits with %i', async (args, code) => {
    expect((await install('ws://127.0.0.1:1/ws/node').run(...args)).code).toBe(code);
  });
});

describe('build-edge', () => {
  let builds: string;
  beforeAll(() => {
    builds = mkdtempSync(join(tmpdir(), 'tidegate-build-'));
  });
  afterAll(() => rmSync(builds, { recursive: true }));
  const anchorFile = async (purpose: string): Promise<string> => {
    const { TRUST_ANCHOR } = await import('./trust/anchor.ts');
    const file = join(builds, `${purpose}.json`);
    writeFileSync(file, JSON.stringify({ ...TRUST_ANCHOR, purpose }));
    return file;
  };

  it('says whom a demo build trusts', async () => {
    const out = join(builds, 'demo');
    await buildEdge(out, '--anchor', await anchorFile('demo'));
    const node = makeRoot(out, {});
    expect((await node.run('version')).stdout).toContain('trust: demo');
    await node.remove();
    expect(JSON.parse(readFileSync(join(out, 'package-info.json'), 'utf8'))).toMatchObject({
      version: '1.0.0',
      device_type: 'tidegate-edge',
      trust_purpose: 'demo',
    });
  });

  it('takes no anchor from a file that claims to be the release’s', async () => {
    await expect(buildEdge(join(builds, 'forged'), '--anchor', await anchorFile('release'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('demo or test only'),
    });
    expect(existsSync(join(builds, 'forged'))).toBe(false);
  });

  it('runs a prologue before everything else', async () => {
    const prologue = join(builds, 'exit.mjs');
    writeFileSync(prologue, `if (process.argv[2] === 'run') process.exit(3);\n`);
    const out = join(builds, 'faulty');
    await buildEdge(out, '--anchor', await anchorFile('test'), '--prologue', prologue);
    const node = makeRoot(out, {});
    expect((await node.run('run')).code).toBe(3);
    expect((await node.run('version')).code).toBe(0);
    await node.remove();
  });

  it('refuses a folder that is not empty', async () => {
    writeFileSync(join(builds, 'x'), '');
    await expect(buildEdge(builds)).rejects.toMatchObject({ code: 1 });
  });
});
