import { chmodSync, existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Api } from '../api.ts';
import { eventually } from '../eventually.ts';
import { freePort, LocalSystem } from '../local-system.ts';
import { Bench, freshFolder, whyNoHosts } from './bench.ts';
import { LocalReleases, type Candidate } from './candidates.ts';
import { EdgeHost, SERVICE, UNIT } from './edge-host.ts';
import { TestHost } from './test-host.ts';

const NODE = 'weir';
const WINDOW_SECS = 8;
/** A window, a probe, two starts of Node on a busy machine. */
const VERDICT_MS = 60_000;

const CLEARS_SLOTS = { version: '1.11.0', sequence: 11, prologue: 'clears-slots.mjs' } as const;
const POINTS_BACK = { version: '1.12.0', sequence: 12, prologue: 'points-back.mjs' } as const;
const POINTS_AWAY = { version: '1.13.0', sequence: 13, prologue: 'points-away.mjs' } as const;
const FOREIGN = { version: '1.14.0', sequence: 14, hasForeignEntryPoint: true } as const;
const NEVER_READY = { version: '1.15.0', sequence: 15, prologue: 'never-ready.mjs' } as const;
const HANGS = { version: '1.16.0', sequence: 16, prologue: 'hangs-once-ready.mjs' } as const;
const GOOD = [
  { version: '1.20.0', sequence: 20 },
  { version: '1.21.0', sequence: 21 },
  { version: '1.22.0', sequence: 22 },
] as const;
const CANDIDATES: readonly Candidate[] = [CLEARS_SLOTS, POINTS_BACK, POINTS_AWAY, FOREIGN, NEVER_READY, HANGS, ...GOOD];
/** Built for every local system, the good one included. */
const FROM_THE_DEMO = { good: '1.1.0', exitsAtOnce: '1.2.0', neverAuthenticates: '1.3.0' } as const;

const uptimeSecs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** A word to the watchdog is a process of its own, and may have ended since it was seen. */
const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const missing = whyNoHosts();
if (missing !== undefined) process.stderr.write(`the suite of real hosts is skipped: ${missing}\n`);
const onHosts = missing === undefined ? describe : describe.skip;

const SUITE = 'the shipped edge on a host that runs real systemd';

onHosts(SUITE, () => {
  let bench: Bench;
  let system: LocalSystem;
  let api: Api;
  let host: TestHost;
  let edge: EdgeHost;
  let port: number;
  let committed: string = '1.0.0';

  const startSystem = async (): Promise<void> => {
    system = LocalSystem.spawn(['--no-fleet'], {
      folder: join(bench.folder, 'system'),
      port,
      // A manager whose power is cut leaves its temporary files.
      entering: (program) => bench.enter('system', ['env', `TMPDIR=${join(bench.folder, 'tmp')}`, ...program]),
    });
    await system.ready();
    api = await Api.signIn(system);
  };

  beforeAll(async () => {
    bench = await Bench.open();
    freshFolder(bench, 'system');
    chmodSync(freshFolder(bench, 'tmp'), 0o1777);
    port = await freePort();
    await bench.openDoor(port);
    await startSystem();
    const releases = new LocalReleases(system.folder);
    host = new TestHost(bench, NODE);
    edge = new EdgeHost(host);
    edge.unpackPackage();
    await Promise.all([host.boot(), releases.publish(CANDIDATES, freshFolder(bench, 'candidates'))]);
    const ports = JSON.parse(readFileSync(join(system.folder, 'ports.json'), 'utf8')) as { releases: number };
    await edge.install({
      name: NODE,
      version: committed,
      releases,
      managerPort: port,
      releasesPort: ports.releases,
      registrationToken: await api.registrationToken(SERVICE),
      windowSecs: WINDOW_SECS,
    });
    await online(committed);
  }, 300_000);
  afterAll(async () => {
    await bench?.close();
  }, 60_000);

  let begunAt = 0;
  beforeEach(() => {
    begunAt = performance.now();
  });
  afterEach(() => {
    const scenario = expect.getState().currentTestName?.replace(`${SUITE} `, '') ?? '';
    process.stdout.write(`${((performance.now() - begunAt) / 1000).toFixed(1)} s: ${scenario}
`);
  });

  const online = async (version: string) =>
    await api.nodeThat(
      NODE,
      `online with ${version}`,
      (node) => node.connection === 'online' && node.software_version === version && node.committed_version === version,
      VERDICT_MS,
    );
  /** From the request to a trial that the guard has opened. */
  const inTrial = async (version: string): Promise<void> => {
    await api.upgrade(NODE, version);
    await eventually(`a trial of ${version}`, VERDICT_MS, () =>
      edge.recorded('trial')['target'] === `versions/${version}` ? true : undefined,
    );
  };
  const verdictOn = async (version: string, timeoutMs = VERDICT_MS): Promise<Record<string, string>> =>
    await eventually(`a verdict on ${version}`, timeoutMs, () => {
      const verdict = edge.recorded('verdict');
      return verdict['target'] === `versions/${version}` && !edge.isInTrial ? verdict : undefined;
    });
  const history = async (version: string, state: string) =>
    await eventually(`${version} to be ${state} in the node's history`, VERDICT_MS, () =>
      edge.state().history.find((attempt) => attempt.toVersion === version && attempt.state === state),
    );

  const becomesCommitted = async (version: string): Promise<Record<string, string>> => {
    const verdict = await verdictOn(version);
    expect(verdict).toMatchObject({ verdict: 'committed', reason: 'proved', from: `versions/${committed}` });
    expect(edge.links()).toEqual({ current: version, committed: version, previous: committed });
    await history(version, 'committed');
    const node = await api.nodeThat(NODE, 'updated', ({ badge }) => badge.kind === 'updated' && badge.to_version === version);
    expect(node.software_version).toBe(version);
    committed = version;
    await online(version);
    return verdict;
  };

  /** The candidate was taken back, and the committed version runs and says so, on the disk and at the manager. */
  const isTakenBack = async (version: string, reason: string): Promise<Record<string, string>> => {
    const verdict = await verdictOn(version);
    expect(verdict).toMatchObject({ verdict: 'reverted', reason, from: `versions/${committed}` });
    expect(edge.links()).toMatchObject({ current: committed, committed });
    const attempt = await history(version, 'rolled_back');
    expect(attempt).toMatchObject({ errorCode: 'upgrade_rolled_back', finishedAt: expect.any(String) });
    await api.nodeThat(NODE, 'rolled back', ({ badge }) => badge.kind === 'rolled_back' && badge.to_version === version);
    await online(committed);
    expect(await edge.shown('ActiveState', 'SubState')).toEqual({ ActiveState: 'active', SubState: 'running' });
    return verdict;
  };

  it('runs under its unit, ready, with a watchdog that is fed, exposed by at most 2.0', async () => {
    await host.run('systemd-analyze', 'security', '--threshold=20', UNIT);
    const shown = await edge.shown('ActiveState', 'StatusText', 'WatchdogTimestampMonotonic', 'NRestarts', 'User');
    expect(shown).toMatchObject({ ActiveState: 'active', StatusText: '1.0.0: connected', NRestarts: '0', User: 'tidegate' });
    await eventually('a word to the watchdog', 30_000, async () =>
      (await edge.shown('WatchdogTimestampMonotonic'))['WatchdogTimestampMonotonic'] !== shown['WatchdogTimestampMonotonic']
        ? true
        : undefined,
    );
    // The guard's timer rests: there is nothing to judge.
    expect((await host.exec('systemctl', 'is-active', `tidegate-guard@${SERVICE}.timer`)).stdout.trim()).toBe('inactive');
  }, 60_000);

  it('a good upgrade is committed', async () => {
    await inTrial(FROM_THE_DEMO.good);
    expect(await becomesCommitted(FROM_THE_DEMO.good)).toMatchObject({ starts: '1', boots: '0' });
  }, 120_000);

  it('the agent’s user can change neither the guard’s record nor what the guard decided', async () => {
    const root = `/opt/tidegate/${SERVICE}`;
    const record = `/var/lib/tidegate-guard/${SERVICE}`;
    const run = `/run/tidegate/${SERVICE}`;
    for (const line of [
      `echo x >${record}/trial`,
      `echo x >>${record}/counters`,
      `rm -f ${record}/verdict`,
      `mv ${record} ${record}.away`,
      `flock -n ${record}/lock true`,
      `rm ${root}/committed`,
      `mv ${root}/previous ${root}/other`,
      `ln -sfn versions/1.0.0 ${root}/committed`,
      `mv ${root}/versions/${committed} ${root}/versions/other`,
      `mv ${root}/versions ${root}/other`,
      `echo x >>${root}/versions/${committed}/lib/main.cjs`,
      `touch ${root}/versions/1.0.0/bin/more`,
      `chmod -R u+w ${root}/versions/${committed}`,
      `ln -sfn /tmp ${run}/start`,
      `echo '{}' >${root}/config.json`,
    ]) {
      expect({ line, wasDone: (await edge.asAgent(line)).code === 0 }).toEqual({ line, wasDone: false });
    }
    expect((await edge.asAgent(`touch ${root}/staging/own && rm ${root}/staging/own`)).code).toBe(0);
  }, 60_000);

  it('a candidate that exits at start is counted three times and taken back', async () => {
    await inTrial(FROM_THE_DEMO.exitsAtOnce);
    expect(await isTakenBack(FROM_THE_DEMO.exitsAtOnce, 'boot_attempts')).toMatchObject({ starts: '4' });
  }, 120_000);

  it('a candidate that never authenticates is taken back at the deadline', async () => {
    await inTrial(FROM_THE_DEMO.neverAuthenticates);
    await isTakenBack(FROM_THE_DEMO.neverAuthenticates, 'deadline');
  }, 120_000);

  it('a candidate that destroys every slot it can reach damages none that the node goes back to', async () => {
    await inTrial(CLEARS_SLOTS.version);
    await isTakenBack(CLEARS_SLOTS.version, 'boot_attempts');
    const tried = JSON.parse(readFileSync(edge.root('tried.json'), 'utf8')) as string[];
    expect(tried.length).toBeGreaterThan(20);
    expect(tried.filter((what) => /^did (?!link beside)/.test(what))).toEqual([]);
    expect(edge.link('previous')).toBe('1.0.0');
  }, 120_000);

  it('a candidate that points current back at the committed version is taken back for it', async () => {
    await inTrial(POINTS_BACK.version);
    await isTakenBack(POINTS_BACK.version, 'target_moved');
  }, 120_000);

  it('a candidate that points current at a slot of its own making is taken back, and that slot never runs', async () => {
    await inTrial(POINTS_AWAY.version);
    await isTakenBack(POINTS_AWAY.version, 'target_moved');
    expect((await host.exec('test', '-e', `/opt/tidegate/${SERVICE}/unsigned-code-ran`)).code).toBe(1);
    await eventually('the guard to delete the slot nobody signed', 30_000, () =>
      existsSync(edge.root('versions/9.9.9')) || existsSync(edge.root('trial/prune')) ? undefined : true,
    );
    expect(edge.link('previous')).toBe('1.0.0');
  }, 120_000);

  it('a request to delete a version is served when neither a start nor a trial is near', async () => {
    const timer = `tidegate-guard@${SERVICE}.timer`;
    await eventually('the timer at rest', VERDICT_MS, async () =>
      (await host.exec('systemctl', 'is-active', timer)).code === 0 ? undefined : true,
    );
    const root = `/opt/tidegate/${SERVICE}`;
    for (const version of ['8.8.8', '8.8.9']) {
      const request = `mkdir ${root}/versions/${version} && echo ${version} >${root}/trial/new && mv ${root}/trial/new ${root}/trial/prune`;
      expect(await edge.asAgent(request)).toMatchObject({ code: 0 });
      await eventually(`the end of ${version}`, 30_000, () =>
        existsSync(edge.root('versions', version)) || existsSync(edge.root('trial/prune')) ? undefined : true,
      );
    }
    expect((await host.exec('systemctl', 'is-active', timer)).code).not.toBe(0);
  }, 90_000);

  it('a candidate whose entry point the kernel cannot run is taken back', async () => {
    await inTrial(FOREIGN.version);
    await isTakenBack(FOREIGN.version, 'boot_attempts');
    expect(await host.journal(UNIT)).toContain('Exec format error');
  }, 120_000);

  it('a candidate that is never ready is taken back at the deadline', async () => {
    await inTrial(NEVER_READY.version);
    await isTakenBack(NEVER_READY.version, 'deadline');
  }, 120_000);

  it('a candidate that hangs once it is ready is killed by the watchdog, and taken back', async () => {
    await edge.overlayUnit('[Service]\nWatchdogSec=3\n');
    try {
      await inTrial(HANGS.version);
      const verdict = await verdictOn(HANGS.version);
      expect(['deadline', 'boot_attempts']).toContain(verdict['reason']);
      expect(await host.journal(UNIT)).toContain('Watchdog timeout (limit 3s)');
    } finally {
      await edge.overlayUnit(undefined);
    }
    await isTakenBack(HANGS.version, edge.recorded('verdict')['reason'] ?? '');
  }, 120_000);

  it('a manager that is out at the deadline holds the trial, which is committed when the manager is back', async () => {
    await inTrial(GOOD[0].version);
    // The machine of the manager loses its power, database included.
    bench.cut('system');
    const probes = new Set<string>();
    await eventually('three probes in vain', VERDICT_MS, () => {
      const { held_since_uptime: held, probed_uptime: probed } = edge.recorded('counters');
      if (held !== undefined && Number(held) > 0) probes.add(probed ?? '');
      return probes.size >= 3 ? true : undefined;
    });
    expect(edge.links()).toMatchObject({ current: GOOD[0].version, committed });
    expect(edge.isInTrial).toBe(true);
    await startSystem();
    await becomesCommitted(GOOD[0].version);
  }, 240_000);

  it('an agent that is killed in mid-activation is started again, and its attempt comes to an end', async () => {
    const pids = host.pidsOf(UNIT);
    const killed = new Promise<void>((resolve) => {
      const watcher = watch(edge.root('trial'), (_, name) => {
        if (name !== 'intent') return;
        watcher.close();
        pids.forEach(killIfThere);
        resolve();
      });
    });
    await api.upgrade(NODE, GOOD[1].version);
    await killed;
    await becomesCommitted(GOOD[1].version);
    expect(await host.journal(UNIT)).toContain('status=9/KILL');
  }, 180_000);

  it('a host whose power is cut in mid-trial counts as a boot, gives a full new window, and commits', async () => {
    await inTrial(GOOD[2].version);
    const before = edge.recorded('trial');
    await host.cutPower();
    const rebootedAt = uptimeSecs();
    await host.boot();
    await eventually('the start after the reboot', VERDICT_MS, () => (edge.recorded('counters')['boots'] === '00001' ? true : undefined));
    const bootId = await host.bootId();
    expect(edge.recorded('trial')).toMatchObject({ attempt: before['attempt'], target: before['target'], boot_id: bootId });
    const verdict = await becomesCommitted(GOOD[2].version);
    expect(verdict).toMatchObject({ boots: '1', boot_id: bootId });
    expect(Number(verdict['uptime'])).toBeGreaterThanOrEqual(Math.floor(rebootedAt) + WINDOW_SECS);
  }, 180_000);
});
