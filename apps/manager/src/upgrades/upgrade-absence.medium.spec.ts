import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UpgradeView } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import type { ScriptedNode } from '../testing/scripted-node.ts';
import { sql } from '../testing/sql.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
let node: ScriptedNode;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
  node = await manager.node();
});
afterAll(async () => {
  node.end();
  await manager.dispose();
  await database.stop();
});

const read = async (id: string): Promise<UpgradeView> => (await manager.call('GET', `/api/v1/upgrades/${id}`)).body as UpgradeView;
async function until(id: string, holds: (upgrade: UpgradeView) => boolean): Promise<UpgradeView> {
  for (;;) {
    const upgrade = await read(id);
    if (holds(upgrade)) return upgrade;
    manager.clock.advance(1000);
  }
}

describe('the deadline of an upgrade', () => {
  it('counts while a manager is there: a node that nobody could hear is not late', async () => {
    const path = `/api/v1/nodes/${node.identity.nodeId}/upgrade`;
    const asked = (await manager.call('POST', path, { version: '1.1.0', timeout_secs: 120 })).body as UpgradeView;
    const expiry = async () =>
      (await sql<{ expires_at: Date }>(database.url, 'SELECT expires_at FROM commands WHERE id = $1', [asked.id]))[0]!;
    const watched = 'SELECT 1 FROM upgrade_watch WHERE watched_at IS NOT NULL';
    while ((await sql(database.url, watched)).length === 0) manager.clock.advance(1000);
    await manager.stop();
    manager.clock.advance(600_000);
    await manager.boot();
    const later = await until(asked.id, ({ deadline_at: at, state }) => at !== asked.deadline_at || state === 'failed');
    const givenMs = Date.parse(later.deadline_at) - Date.parse(asked.deadline_at);
    expect([later.finished_at, givenMs >= 600_000, givenMs < 660_000]).toEqual([null, true, true]);
    expect((await expiry()).expires_at.toISOString()).toBe(later.deadline_at);
    // And it still ends.
    const ended = await until(asked.id, ({ finished_at: at }) => at !== null);
    expect([ended.state, ended.error_code]).toEqual(['failed', 'upgrade_timeout']);
    expect(Date.parse(ended.finished_at!)).toBeGreaterThanOrEqual(Date.parse(later.deadline_at));
  });
});
