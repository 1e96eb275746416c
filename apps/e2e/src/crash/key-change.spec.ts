import { createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NodeView } from '@tidegate/contract-api';
import { authPayload, type FromManager } from '@tidegate/contract-protocol';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { Api } from '../api.ts';
import { eventually } from '../eventually.ts';
import { ManagerProcess } from '../manager-process.ts';
import { CrashNode, type RunningAgent } from './crash-node.ts';
import { memoryFolder } from './memory-folder.ts';
import { serveReleases, type Releases } from './releases.ts';

const MINUTES = 60_000;
const STEP_MS = 60_000;
const NAME = 'crash';
/** No change of a key changes the disk so often. */
const POINTS_AT_MOST = 200;

let folder: string;
let releases: Releases;
let database: TestDatabase;
let manager: ManagerProcess;
let api: Api;
let node: CrashNode;

const key = (): string => readFileSync(join(node.root, 'identity/key.pem'), 'utf8');

/** What the manager answers to whoever has this key, without taking the node's session. */
async function answerTo(pem: string, nodeId: string): Promise<string> {
  const socket = new WebSocket(`${manager.nodesUrl}/ws/node`, 'tidegate.v1');
  const messages: FromManager[] = [];
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data)) as FromManager));
  const next = <T extends FromManager['type']>(types: readonly T[]) =>
    eventually(`one of ${types.join(', ')}`, STEP_MS, () =>
      messages.find((message): message is Extract<FromManager, { type: T }> => (types as readonly string[]).includes(message.type)),
    );
  const hello = await next(['hello']);
  const nonce = randomBytes(32).toString('base64url');
  const proof = { managerNonce: hello.nonce, nodeNonce: nonce, nodeId, managerId: hello.manager_id, protocol: 1, intent: 'probe' } as const;
  const signature = sign(null, authPayload(proof), createPrivateKey(pem)).toString('base64url');
  const who = { run_id: randomUUID(), boot_id: 'probe', machine_id: 'probe', software_version: '1.0.0', in_trial: false };
  socket.send(JSON.stringify({ type: 'auth', protocol: 1, node_id: nodeId, nonce, signature, intent: 'probe', ...who }));
  const answer = await next(['auth_ok', 'auth_error']);
  socket.close();
  return answer.type === 'auth_ok' ? 'accepted' : answer.code;
}

/** A beat after `sinceMs`: it is not an earlier session that shows it so. */
const isThrough = (seen: NodeView, sinceMs: number): boolean =>
  seen.connection === 'online' && seen.key_rotation === null && Date.parse(seen.last_seen_at ?? '') > sinceMs;
const through = (sinceMs: number): Promise<NodeView> =>
  api.nodeThat(NAME, 'online, with no change of its key open', (seen) => isThrough(seen, sinceMs), STEP_MS);
const endOf = (agent: RunningAgent, sinceMs: number): Promise<'killed' | 'changed'> =>
  eventually(`a kill or a new key (${agent.said.slice(-500)})`, STEP_MS, async () => {
    if (agent.end) return 'killed';
    return isThrough(await api.node(NAME), sinceMs) ? 'changed' : undefined;
  });

beforeAll(async () => {
  folder = mkdtempSync(join(memoryFolder, 'key-change-'));
  await ManagerProcess.build();
  [database, releases] = await Promise.all([createTestDatabase(), serveReleases(join(folder, 'releases'))]);
  manager = await ManagerProcess.start({ database_url: database.url, node_settings: { beat_interval_secs: 0.2 } });
  api = await Api.signIn(manager);
  node = CrashNode.lay(join(folder, 'node'), 'good', releases, await api.registrationToken('tidegate-edge'));
  node.configure(releases, `${manager.nodesUrl}/ws/node`);
  await node.pre();
}, 3 * MINUTES);
afterAll(async () => {
  await node?.stopAll();
  await manager?.stop();
  ManagerProcess.removeBuild();
  await releases?.close();
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a real node changes its key at a real manager', () => {
  it(
    'while it runs, and comes back with the new one; the old one is worth nothing',
    async () => {
      const agent = node.start();
      const { id } = await through(0);
      const before = key();
      await api.rotateKey(id);
      const asked = Date.now();
      await eventually('another key on the disk', STEP_MS, () => (key() === before ? undefined : true));
      await through(asked);
      expect([await answerTo(before, id), await answerTo(key(), id)]).toEqual(['node_key_invalid', 'accepted']);
      expect(agent.end).toBeUndefined();
      await node.stop(agent, 'SIGTERM');
    },
    3 * MINUTES,
  );

  it.each(['kill-before', 'kill-after'])(
    'is killed at every change of its disk on the way (%s), and always has a key that is accepted',
    async (mode) => {
      const { id } = await api.node(NAME);
      let tried = 0;
      let between = 0;
      for (let point = 1; ; point += 1) {
        expect(point).toBeLessThan(POINTS_AT_MOST);
        const before = key();
        await api.rotateKey(id);
        const agent = node.start({ mode, point });
        const how = await endOf(agent, Date.now());
        if (how === 'killed') {
          tried += 1;
          if (existsSync(join(node.root, 'identity/key.next.pem'))) between += 1;
          // One of those it has must be good, or the node is lost for ever.
          const again = node.start();
          await through(Date.now());
          await node.stop(again, 'SIGTERM');
        } else await node.stop(agent, 'SIGTERM');
        expect(key()).not.toBe(before);
        expect([await answerTo(before, id), await answerTo(key(), id)]).toEqual(['node_key_invalid', 'accepted']);
        if (how === 'changed') break;
      }
      process.stdout.write(`key change, ${mode}: ${tried} ends, ${between} of them with two keys on the disk\n`);
      expect(between).toBeGreaterThan(0);
    },
    8 * MINUTES,
  );
});
