import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { Api } from './api.ts';
import { eventually } from './eventually.ts';
import { ManagerProcess } from './manager-process.ts';
import { SimulatedFleet } from './simulated-fleet.ts';

const NODES = 200;
const VERSION = '1.1.0';
/** Requests of one kind at once: a person or a script, not a flood. */
const AT_ONCE = 10;

async function each<T, R>(items: readonly T[], act: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const part = items.slice(from, from + AT_ONCE);
    results.push(...(await Promise.all(part.map((item, index) => act(item, from + index)))));
  }
  return results;
}

describe('two managers on one PostgreSQL, one of which is killed while 200 nodes are upgraded', () => {
  let database: TestDatabase;
  let staying: ManagerProcess;
  let dying: ManagerProcess;
  let fleet: SimulatedFleet;
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-e2e-scale-'));

  beforeAll(async () => {
    await ManagerProcess.build();
    database = await createTestDatabase();
    // One account asks for every node's upgrades again and again.
    const limits = { requests_per_minute: 100_000 };
    const config = { database_url: database.url, node_settings: { beat_interval_secs: 5 }, limits };
    [staying, dying] = await Promise.all([ManagerProcess.start(config), ManagerProcess.start(config)]);
    const api = await Api.signIn(staying);
    const tokens = await each(Array.from({ length: NODES }), () => api.registrationToken('tidegate-edge'));
    writeFileSync(join(folder, 'tokens'), tokens.join('\n'));
    const urls = [staying, dying].flatMap((manager) => ['--url', manager.nodesUrl]);
    fleet = new SimulatedFleet(['--nodes', String(NODES), ...urls, '--tokens', join(folder, 'tokens'), '--step-ms', '500']);
    await fleet.until('live', 60_000, (tally) => tally.live === NODES);
  }, 180_000);
  afterAll(async () => {
    await fleet?.stop();
    await dying?.stop();
    await staying?.stop();
    await database?.stop();
    ManagerProcess.removeBuild();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('loses none and does none twice: every upgrade ends, every node has run exactly one', async () => {
    const apis = [await Api.signIn(staying), await Api.signIn(dying)] as const;
    const [first] = apis;
    const nodes = await eventually('every node to have beaten', 30_000, async () => {
      const seen = await first.nodes();
      return seen.length === NODES && seen.every((node) => node.connection === 'online') ? seen : undefined;
    });
    // Half of them through either replica, whichever holds the node's socket.
    const half = NODES / 2;
    await each(nodes.slice(0, half), (node, index) => (apis[index % 2] ?? first).upgradeById(node.id, VERSION));
    // In the middle of the first half's attempts; the second half is asked for while nodes are on their way to the other replica.
    await dying.kill();
    await each(nodes.slice(half), (node) => first.upgradeById(node.id, VERSION));

    const tally = await fleet.until('done', 90_000, ({ committed, live }) => committed === NODES && live === NODES);
    expect(tally.executed).toBe(NODES);
    expect(tally.commands - tally.repeated).toBe(NODES);
    const upgrades = await eventually('every upgrade to have ended', 60_000, async () => {
      const all = await each(nodes, (node) => first.upgradesOf(node.id));
      return all.every((list) => list.every((upgrade) => upgrade.finished_at !== null)) ? all : undefined;
    });
    expect(upgrades.map((list) => list.map((upgrade) => upgrade.state))).toEqual(nodes.map(() => ['committed']));
    const completions = await each(nodes, async (node) => {
      const events = await first.eventsOf(node.id);
      return events.filter((event) => event.name === 'upgrade_completed').length;
    });
    expect(completions).toEqual(nodes.map(() => 1));
    const after = await first.nodes();
    expect(after.filter((node) => node.connection !== 'online' || node.software_version !== VERSION)).toEqual([]);
  }, 240_000);
});
