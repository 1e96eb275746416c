import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from './testing/manager-under-test.ts';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

async function onOwnDatabase(): Promise<ManagerUnderTest> {
  const database = await createTestDatabase();
  undo.push(() => database.stop());
  const manager = await ManagerUnderTest.start({ database_url: database.url });
  undo.push(() => manager.dispose());
  await manager.signIn();
  return manager;
}

describe('the manager', () => {
  it('stays up, not ready, when its PostgreSQL is killed, and is ready again by itself with everything it had', async () => {
    const data = await mkdtemp(join(tmpdir(), 'tidegate-manager-data-'));
    undo.push(() => rm(data, { recursive: true, force: true }));
    const manager = await ManagerUnderTest.start({ data_dir: data });
    undo.push(() => manager.dispose());
    await manager.signIn();
    const node = await manager.node();
    const pid = Number((await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    await manager.untilReady(503);
    expect((await manager.call('GET', '/healthz')).status).toBe(200);
    expect((await manager.call('GET', '/api/v1/nodes')).body.code).toBe('database_unavailable');
    await manager.untilReady(200);
    expect((await manager.call('GET', '/api/v1/nodes')).body.total).toBe(1);
    node.end();
  });

  it('closes nodes with 1012 when it stops, and sends after a restart what was not acknowledged', async () => {
    const manager = await onOwnDatabase();
    const node = await manager.node();
    const { body } = await manager.call('POST', `/api/v1/nodes/${node.identity.nodeId}/upgrade`, { version: '1.1.0' });
    expect((await node.next('command')).id).toBe(body.id);
    await manager.stop();
    expect((await node.whenClosed()).code).toBe(1012);
    await manager.boot();
    const back = await manager.node(node.identity);
    expect((await back.next('command')).id).toBe(body.id);
    expect((await manager.call('GET', '/api/v1/session')).status).toBe(200);
    back.end();
  });

  it('tells open pages of changes, once stored, and ends their streams when it stops', async () => {
    const manager = await onOwnDatabase();
    const stream = manager.watch();
    const first = stream.next();
    // The stream is open once its first change arrives; until then changes are made.
    let seen = false;
    void first.then(() => (seen = true));
    while (!seen) await (await manager.greet()).node.enrol(await manager.token());
    expect((await first).value).toMatchObject({ type: 'node', node: { name: 'edge-a', connection: 'never' } });
    const node = await manager.node();
    await node.report(1, 'agent_started', { version: '1.0.0' });
    const kinds: string[] = [];
    for await (const message of stream) {
      kinds.push(message.type);
      if (message.type === 'event' && message.event.name === 'agent_started') {
        expect(message.event).toMatchObject({ node_id: node.identity.nodeId });
        break;
      }
    }
    expect(kinds).toContain('node');
  });
});
