import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { newIdentity, type ScriptedNode } from '../testing/scripted-node.ts';

let database: TestDatabase;
let manager: ManagerUnderTest;
const nodes: ScriptedNode[] = [];
const live = async (beat: object): Promise<ScriptedNode> => {
  const node = await manager.node(newIdentity(), beat);
  nodes.push(node);
  return node;
};
const standing = async (node: ScriptedNode) => {
  const { behind_sequence: behind, trust_differs: differs } = (await manager.call('GET', `/api/v1/nodes/${node.identity.nodeId}`)).body;
  return [behind, differs];
};
/** What nodes have in common is read anew after this long. */
const later = (): void => manager.clock.advance(5000);

beforeAll(async () => {
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({ database_url: database.url });
  await manager.signIn();
});
afterEach(() => nodes.splice(0).forEach((node) => node.end()));
afterAll(async () => {
  await manager.dispose();
  await database.stop();
});

describe('a node beside the others of its device type', () => {
  it('is flagged while another has verified a newer signed statement', async () => {
    const frozen = await live({ highest_sequence: 7 });
    const newer = await live({ highest_sequence: 7 });
    expect(await standing(frozen)).toEqual([false, false]);
    await newer.beat({ highest_sequence: 8 });
    later();
    expect(await standing(frozen)).toEqual([true, false]);
    expect(await standing(newer)).toEqual([false, false]);
    await frozen.beat({ highest_sequence: 8 });
    later();
    expect(await standing(frozen)).toEqual([false, false]);
  });

  it('is flagged when its trust is not the one most report', async () => {
    const usual = await live({ highest_sequence: 8 });
    const other = await live({ highest_sequence: 8, trust_fingerprint: 'b'.repeat(64) });
    later();
    expect(await standing(other)).toEqual([false, true]);
    expect(await standing(usual)).toEqual([false, false]);
  });
});
