import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from './api.ts';
import { eventually } from './eventually.ts';
import { LocalSystem } from './local-system.ts';
import { processesOf } from './processes-of.ts';

const RECOVERY_MS = 60_000;

describe('one process of the system is killed outright', () => {
  let system: LocalSystem;
  let api: Api;
  beforeAll(async () => {
    system = await LocalSystem.start(['--nodes', '3']);
    api = await Api.signIn(system);
    for (const name of ['breakwater', 'lantern', 'lock-gate']) await online(name);
  }, 240_000);
  afterAll(async () => {
    await system?.stop();
    system?.remove();
  }, 60_000);

  /** Shown as online because of a beat from after that time: for a while an earlier beat shows it so too. */
  const online = async (name: string, sinceMs = 0) =>
    await api.nodeThat(
      name,
      'online',
      (node) => node.connection === 'online' && Date.parse(node.last_seen_at ?? '') > sinceMs,
      RECOVERY_MS,
    );
  const startedAgain = async (name: string, before: number | null) =>
    await eventually(`a new process of ${name}`, RECOVERY_MS, () => {
      const { pid } = system.row(name);
      return pid !== null && pid !== before ? pid : undefined;
    });
  const kill = (name: string): { pid: number; since: number; atMs: number } => {
    const { pid } = system.row(name);
    if (pid === null) throw new Error(`${name} does not run`);
    const since = system.said.length;
    process.kill(pid, 'SIGKILL');
    return { pid, since, atMs: Date.now() };
  };

  it('an edge: it is started again, says so, and reports itself as before', async () => {
    const { pid, since, atMs } = kill('lantern');
    await system.says(/lantern ended \(SIGKILL\); it is started again/, since);
    await startedAgain('lantern', pid);
    const node = await online('lantern', atMs);
    expect(node).toMatchObject({ software_version: '1.0.0', committed_version: '1.0.0', badge: { kind: 'none' } });
  }, 90_000);

  it('the release source: it listens again where it was, and a release can be fetched from it', async () => {
    const { pid, since } = kill('release-source');
    await system.says(/release-source ended \(SIGKILL\); it is started again/, since);
    await startedAgain('release-source', pid);
    const { releases } = JSON.parse(readFileSync(join(system.folder, 'ports.json'), 'utf8')) as { releases: number };
    await eventually('the list of releases', RECOVERY_MS, async () => {
      const answer = await fetch(`http://127.0.0.1:${releases}/repos/tidegate/tidegate-edge/releases`).catch(() => undefined);
      const list = (await answer?.json().catch(() => undefined)) as { tag_name: string }[] | undefined;
      return list?.some((release) => release.tag_name === 'v1.1.0') ? true : undefined;
    });
  }, 90_000);

  it('PostgreSQL: the manager says so, starts it again and keeps every node', async () => {
    const postmaster = processesOf(system.folder).find(({ command }) => /\/postgres -D /.test(command));
    if (!postmaster) throw new Error('no PostgreSQL runs');
    const manager = system.row('manager').pid;
    const since = system.said.length;
    process.kill(postmaster.pid, 'SIGKILL');
    const atMs = Date.now();
    await system.says(/manager: the embedded PostgreSQL ended; starting it again/, since);
    await system.says(/manager: ready/, since);
    for (const name of ['breakwater', 'lantern', 'lock-gate']) await online(name, atMs);
    expect(system.row('manager').pid).toBe(manager);
  }, 120_000);

  it('the manager: it comes back with its database, and the nodes come back to it by themselves', async () => {
    const { pid, since, atMs } = kill('manager');
    await system.says(/manager ended \(SIGKILL\); it is started again/, since);
    await startedAgain('manager', pid);
    await system.says(/manager: ready/, since);
    for (const name of ['breakwater', 'lantern', 'lock-gate']) await online(name, atMs);
  }, 120_000);

  it('an edge in the middle of a trial: the candidate is started again, counted, and still proves itself', async () => {
    await api.upgrade('breakwater', '1.1.0');
    await api.nodeThat('breakwater', 'in its trial', (node) => node.upgrade?.state === 'trial' && node.software_version === '1.1.0');
    const { pid, since } = kill('breakwater');
    await system.says(/breakwater ended \(SIGKILL\); it is started again/, since);
    await startedAgain('breakwater', pid);
    const node = await api.nodeThat('breakwater', 'at its verdict', ({ badge }) => badge.kind !== 'upgrading', 90_000);
    expect(node.badge).toMatchObject({ kind: 'updated' });
    // The verdict comes as an event; the links come with the next beat.
    await api.nodeThat(
      'breakwater',
      'committed on its disk',
      (seen) => seen.committed_version === '1.1.0' && seen.previous_version === '1.0.0',
    );
  }, 150_000);

  it('the launcher: nothing of it is left', async () => {
    expect(processesOf(system.folder).length).toBeGreaterThan(6);
    system.child.kill('SIGKILL');
    await system.ended();
    await system.nothingLeft();
  }, 60_000);
});
