import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startScriptedManager, type ScriptedManager } from '@tidegate/adapter-link-ws/testing';
import { buildEdge, makeRoot, type InstallRoot, type RunningEdge } from './testing/built-edge.ts';
import { startSignedReleases, type SignedReleases } from './testing/signed-releases.ts';

const TOKEN = `tgr_${'t'.repeat(43)}`;
const LOOK_MS = 30;

describe('a person on the node', () => {
  let folder: string;
  let slot: string;
  let releases: SignedReleases;
  const roots: InstallRoot[] = [];
  const managers: ScriptedManager[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-local-'));
    slot = join(folder, 'slot');
    releases = await startSignedReleases(folder);
    await releases.sign('1.1.0', 2);
    await releases.sign('1.2.0', 3, 'beta');
    await buildEdge(slot, '--anchor', releases.anchorFile);
  });
  afterEach(async () => {
    for (const root of roots.splice(0)) await root.remove();
    for (const manager of managers.splice(0)) await manager.close();
  });
  afterAll(async () => {
    await releases.close();
    rmSync(folder, { recursive: true });
  });

  const sourceAt = (url: string) => ({ api_base_url: url, owner: 'tidegate', repo: 'tidegate-edge', allow_loopback_http: true });
  /** A guarded node without a manager, unless the configuration names one. */
  const install = (config: Record<string, unknown> = {}): InstallRoot => {
    const node = makeRoot(slot, { source: sourceAt(releases.server.url), ...config }, TOKEN);
    mkdirSync(join(node.root, 'guard'));
    writeFileSync(join(node.root, 'guard/version'), 'guard=1.0.0\nprotocol=1\n');
    roots.push(node);
    return node;
  };
  const says = async (edge: RunningEdge, what: string): Promise<void> => {
    while (!edge.lines.join('').includes(what)) {
      if (edge.child.exitCode !== null) throw new Error(`ended without saying ${what}: ${edge.lines.join('')}`);
      await wait(LOOK_MS);
    }
  };
  const serving = async (node: InstallRoot): Promise<RunningEdge> => {
    const edge = node.start();
    await says(edge, '"started"');
    while ((await ask(node, 'GET', '/healthz').catch(() => null))?.status !== 200) await wait(LOOK_MS);
    return edge;
  };
  const ask = (node: InstallRoot, method: string, path: string, body?: object) =>
    new Promise<{ status: number; body: Record<string, unknown> & { steps?: { state: string; took_secs: number | null }[] } }>(
      (resolve, reject) => {
        const token = join(node.root, 'identity/local-api-token');
        const authorization = existsSync(token) ? `Bearer ${readFileSync(token, 'utf8').trim()}` : '';
        const bytes = body === undefined ? undefined : JSON.stringify(body);
        const headers = { authorization, ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }) };
        const going = request({ socketPath: join(node.root, 'run/agent.sock'), method, path, headers, agent: false }, (response) => {
          text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as never }), reject);
        });
        going.on('error', reject);
        going.end(bytes);
      },
    );
  const until = async (node: InstallRoot, id: unknown, what: (attempt: Record<string, unknown>) => boolean) => {
    for (;;) {
      const { body } = await ask(node, 'GET', `/update/${String(id)}`);
      if (what(body)) return body;
      if (body['finished_at'] !== null) throw new Error(JSON.stringify(body));
      await wait(LOOK_MS);
    }
  };
  const json = async (node: InstallRoot, ...args: string[]) => {
    const { code, stdout } = await node.run(...args, '-o', 'json');
    return { code, answer: JSON.parse(stdout) as Record<string, unknown> };
  };
  const MANUAL = { upgrade: { enabled: true, manual_only: true } };

  it('upgrades a node that has no manager, and says go when it is staged', async () => {
    const node = install(MANUAL);
    const edge = await serving(node);
    expect(await ask(node, 'GET', '/releases/latest')).toMatchObject({
      status: 200,
      body: { version: '1.1.0', channel: 'stable', check: 'upgrade-available' },
    });
    const requested = await ask(node, 'POST', '/update', { version: '1.1.0', channel: 'stable' });
    expect(requested.status).toBe(202);
    const { id } = requested.body;
    expect(await until(node, id, (one) => one['waits_for'] !== null)).toMatchObject({ state: 'staged', waits_for: 'person' });
    expect(await ask(node, 'POST', '/update', { version: '1.1.0' })).toMatchObject({ status: 409, body: { code: 'upgrade_in_progress' } });
    expect(readlinkSync(join(node.root, 'current'))).toBe('versions/1.0.0');
    const { body } = await ask(node, 'GET', `/update/${String(id)}`);
    expect(body.steps?.map(({ state }) => state)).toEqual(['accepted', 'resolving', 'verifying', 'fetching', 'staged']);
    expect(body.steps?.slice(0, -1).every((step) => typeof step.took_secs === 'number')).toBe(true);

    expect(await node.run('apply')).toMatchObject({ code: 0, stdout: expect.stringContaining(String(id)) });
    expect(await edge.exited).toEqual({ code: 0, signal: null });
    expect(readlinkSync(join(node.root, 'current'))).toBe('versions/1.1.0');
    expect(readFileSync(join(node.root, 'trial/intent'), 'utf8')).toContain(`attempt=${String(id)}`);
  });

  it('applies by signal, also after the agent was started again', async () => {
    const node = install(MANUAL);
    const first = await serving(node);
    const { id } = (await ask(node, 'POST', '/update', { version: '1.1.0' })).body;
    await until(node, id, (one) => one['waits_for'] === 'person');
    first.child.kill('SIGKILL');
    await first.exited;
    const second = await serving(node);
    await until(node, id, (one) => one['waits_for'] === 'person');
    // The wrapper becomes the agent, so its pid is the agent's.
    second.child.kill('SIGUSR1');
    expect(await second.exited).toEqual({ code: 0, signal: null });
    expect(readlinkSync(join(node.root, 'current'))).toBe('versions/1.1.0');
  });

  it('waits outside the maintenance window', async () => {
    const today = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'short' }).format(new Date()).toLowerCase();
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
    // In three days at the earliest, whatever the hour is when this runs.
    const day = days[(days.indexOf(today) + 3) % 7];
    const window = { days: [day], from: '01:00', to: '02:00', time_zone: 'UTC' };
    const node = install({ upgrade: { enabled: true, maintenance_window: window } });
    await serving(node);
    const { id } = (await ask(node, 'POST', '/update', { version: '1.1.0' })).body;
    expect(await until(node, id, (one) => one['waits_for'] !== null)).toMatchObject({ state: 'staged', waits_for: 'window' });
  });

  it('is served by a mirror when the source is gone', async () => {
    const gone = { ...sourceAt(releases.server.url), repo: 'moved-away' };
    const mirrors = [gone, sourceAt(releases.server.url)];
    const node = install({ source: gone, upgrade: { enabled: true, manual_only: true, mirrors } });
    await serving(node);
    const { id } = (await ask(node, 'POST', '/update', { version: '1.1.0' })).body;
    await until(node, id, (one) => one['state'] === 'staged');
  });

  it('meets the same gate as a manager', async () => {
    const node = install();
    await serving(node);
    expect(await ask(node, 'POST', '/update', { version: '1.1.0' })).toMatchObject({ status: 422, body: { code: 'upgrade_disabled' } });
    expect(await json(node, 'history')).toMatchObject({
      code: 0,
      answer: { attempts: [{ to_version: '1.1.0', error: { code: 'upgrade_disabled' } }] },
    });
  });

  it.each([
    [['apply'], 'upgrade_nothing_staged'],
    [['rollback'], 'upgrade_no_previous'],
    [['unblock', '1.1.0'], 'upgrade_not_blocked'],
    [['unblock', '../1'], 'upgrade_version_invalid'],
  ])('is refused by code: %j', async (args, code) => {
    const node = install();
    await serving(node);
    expect(await node.run(...args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(new RegExp(`^${code}: `)) });
    expect(await json(node, ...args)).toMatchObject({ code: 1, answer: { code, hint: expect.any(String) } });
  });

  it('is told when no agent runs, and can look all the same', async () => {
    const node = install(MANUAL);
    expect(await node.run('apply')).toMatchObject({ code: 69, stderr: expect.stringContaining('agent_not_running') });
    const edge = await serving(node);
    expect(await json(node, 'status')).toMatchObject({
      answer: { agent_pid: edge.child.pid, manager: { state: 'none' }, policy: { manual_only: true } },
    });
    await until(node, (await ask(node, 'POST', '/update', { version: '1.1.0' })).body['id'], (one) => one['waits_for'] === 'person');
    edge.child.kill('SIGTERM');
    expect(await edge.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(join(node.root, 'run/agent.sock'))).toBe(false);
    expect(await node.run('apply')).toMatchObject({ code: 69 });
    expect(await json(node, 'status')).toMatchObject({
      code: 0,
      answer: { agent_pid: null, committed: '1.0.0', attempt: { to_version: '1.1.0', state: 'staged' } },
    });
    expect(await node.run('history')).toMatchObject({ code: 0, stdout: 'no attempts yet\n' });
  });

  it('can rely on an agent that runs on when its socket cannot be made', async () => {
    const node = install({ local_api: { socket: `/tmp/${'x'.repeat(200)}` } });
    const edge = node.start();
    await says(edge, 'local_api_unavailable');
    expect(edge.child.exitCode).toBeNull();
    const { answer } = await json(node, 'doctor');
    expect(answer['checks']).toContainEqual(expect.objectContaining({ check: 'agent', code: 'local_api_unavailable' }));
  });

  it('checks a release by hand, against what the build trusts', async () => {
    const node = install();
    const genuine = releases.folderOf('1.1.0');
    expect(await json(node, 'verify', genuine)).toMatchObject({
      code: 0,
      answer: { version: '1.1.0', sequence: 2, artefacts: [{ verified: true }] },
    });
    const spoil = async (name: string, change: (path: string) => void) => {
      const copy = join(node.root, 'copy');
      cpSync(genuine, copy, { recursive: true });
      change(join(copy, name));
      const { code, answer } = await json(node, 'verify', copy);
      rmSync(copy, { recursive: true });
      return [code, answer['code']];
    };
    const artefact = 'tidegate-edge-1.1.0-any-thin.tar.gz';
    expect(await spoil('manifest.json', (path) => appendFileSync(path, ' '))).toEqual([1, 'upgrade_signature_invalid']);
    expect(await spoil(artefact, (path) => appendFileSync(path, 'x'))).toEqual([1, 'upgrade_checksum_mismatch']);
    expect(await spoil(artefact, (path) => rmSync(path))).toEqual([1, 'upgrade_release_not_found']);
    expect(await spoil('manifest.sig.bundle', (path) => rmSync(path))).toEqual([1, 'upgrade_release_not_found']);
  });

  it('sees what holds and why, and --check takes no key that nobody reads', async () => {
    const node = install({ upgrade: { enabled: true }, local: {} });
    mkdirSync(join(node.root, 'config.d'));
    writeFileSync(join(node.root, 'config.d/10-site.json'), '{"upgrade":{"keep_versions":5}}');
    const printed = await node.run('config', 'print');
    expect(printed.code).toBe(0);
    expect(printed.stdout).toMatch(/^upgrade\.keep_versions +=\s5 +# config\.d\/10-site\.json$/m);
    expect(printed.stdout).toContain('warning: local is no key this version knows');
    expect(await json(node, 'config', 'print', '--check')).toMatchObject({ code: 78, answer: { ok: false, unknown_keys: ['local'] } });
    writeFileSync(join(node.root, 'config.d/10-site.json'), '{"upgrade":{"keep_versions":"x"}}');
    expect(await json(node, 'config', 'print')).toMatchObject({
      code: 78,
      answer: { problems: [{ file: 'config.d/10-site.json', key: 'upgrade.keep_versions' }] },
    });
    expect((await node.run('run')).code).toBe(78);
  });

  it('learns from doctor what is wrong and what to do', async () => {
    const node = install({ upgrade: { mirrors: [sourceAt('http://127.0.0.1:1')] } });
    await serving(node);
    const sick = async () => {
      const { code, answer } = await json(node, 'doctor');
      const checks = answer['checks'] as { check: string; level: string; code: string | null; advice: string | null }[];
      const findings = checks.filter(({ level }) => level !== 'ok');
      expect(findings.every(({ advice }) => (advice ?? '').length > 5)).toBe(true);
      return { code, findings: findings.map((one) => `${one.level} ${one.check} ${one.code}`) };
    };
    expect(await sick()).toEqual({ code: 1, findings: ['broken source upgrade_network_error'] });
    writeFileSync(join(node.root, 'config.json'), JSON.stringify({ source: sourceAt(releases.server.url), extra: 1 }));
    expect(await sick()).toEqual({ code: 0, findings: ['notice config config_invalid'] });
    rmSync(join(node.root, 'guard/version'));
    rmSync(join(node.root, 'committed'));
    writeFileSync(join(node.root, 'state.json'), 'torn');
    chmodSync(join(node.root, 'identity'), 0o755);
    expect(await sick()).toEqual({
      code: 1,
      findings: [
        'notice config config_invalid',
        'broken guard guard_missing',
        'broken links links_broken',
        'broken modes root_mode_unsafe',
        'broken state state_corrupt',
      ],
    });
  });

  it('cannot be overruled by a manager: nothing on the wire changes the policy', async () => {
    const policy = { enabled: true, manual_only: true, allow_major: true };
    const manager = await startScriptedManager({ settings: { upgrade: policy, allowed_channels: ['beta'] } as never });
    managers.push(manager);
    const node = install({ manager: { url: manager.url } });
    const before = await node.run('config', 'print', '-o', 'json');
    const files = statSync(join(node.root, 'config.json')).mtimeMs;
    node.start();
    const { node_id: nodeId } = await manager.waitFor('auth');
    await manager.waitFor('health');
    for (const frame of [
      { type: 'settings', upgrade: policy },
      { type: 'config', settings: { upgrade: policy } },
      { type: 'auth_ok', settings: { beat_interval_secs: 0.2, spool_max_events: 10, upgrade: policy }, session_epoch: 2, server_time: 'x' },
    ])
      manager.sendRaw(JSON.stringify(frame));
    const { beat } = await manager.waitFor('health', (message) => message.beat > 2);
    const action = { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable', policy, enabled: true, force: true };
    manager.forget();
    await manager.waitFor('health', (message) => message.beat > beat || message.beat === 1);
    manager.send({ type: 'command', id: '9c3d5f10-4b5e-4c8e-8a77-2c1d4e5f6a03', node_id: nodeId, ttl_secs: 60, action } as never);
    expect(await manager.waitFor('command_ack')).toMatchObject({ accepted: false, error_code: 'upgrade_disabled' });
    expect((await ask(node, 'GET', '/status')).body['policy']).toMatchObject({ enabled: false, manual_only: false, allow_major: false });
    expect(await node.run('config', 'print', '-o', 'json')).toEqual(before);
    expect(statSync(join(node.root, 'config.json')).mtimeMs).toBe(files);
  });

  it('is nobody to fear for a probe where there is no manager: it succeeds, so that a bad candidate is at fault', async () => {
    expect(await install().run('probe')).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    [['--help'], 0],
    [['help', 'config'], 0],
    [['run', '--help'], 0],
    [['--version'], 0],
    [['unblock'], 2],
    [['status', 'x'], 2],
    [['status', '-o', 'yaml'], 2],
    [['apply', '--check'], 2],
    [['config', 'set'], 2],
    [['apply', '--now'], 2],
  ])('%j ends with %i', async (args, code) => {
    const { code: ended, stdout, stderr } = await install().run(...args);
    expect(ended).toBe(code);
    expect((code === 0 ? stdout : stderr).length).toBeGreaterThan(40);
  });
});
