import { deviceType } from '@tidegate/contract-manifest';
import { WIRE, type Command, type CommandAck, type FromManager, type FromNode } from '@tidegate/contract-protocol';
import { createNodeLink, type LinkState, type NodeLinkOptions } from '../node-link.ts';
import type { BeatBody } from '../session.ts';
import { createFakeIdentity } from './fake-identity.ts';
import { createFakeSpool } from './fake-spool.ts';
import { createFakeTimers } from './fake-timers.ts';
import { createFakeTransport } from './fake-transport.ts';

export const NODE_ID = '6f1b8f3e-0c55-4c5e-9d3e-5d0c6d2f6a01';
export const MANAGER_ID = '0d9a2f6c-95c1-4a53-8f7a-1f5f6f0a2b02';
export const COMMAND_ID = '9c3d5f10-4b5e-4c8e-8a77-2c1d4e5f6a03';
export const TOKEN = `tgr_${'t'.repeat(43)}`;
const UUID = '7e2f4a5b-1c2d-4e3f-8a9b-0c1d2e3f4a04';

export const hello = (managerId = MANAGER_ID): FromManager => ({
  type: 'hello',
  nonce: 'm'.repeat(43),
  manager_id: managerId,
  protocol: { ...WIRE.protocol },
});
export const authOk = (beatIntervalSecs = 15): FromManager => ({
  type: 'auth_ok',
  settings: { beat_interval_secs: beatIntervalSecs, spool_max_events: 1000 },
  session_epoch: 1,
  server_time: '2026-01-01T00:00:00.000Z',
});
export const command = (over: object = {}): FromManager =>
  ({
    type: 'command',
    id: COMMAND_ID,
    node_id: NODE_ID,
    ttl_secs: 60,
    action: { kind: 'cancel', command_id: COMMAND_ID },
    ...over,
  }) as FromManager;

const BEAT: BeatBody = {
  run_id: UUID,
  boot_id: 'boot',
  uptime_secs: 100,
  software_version: '1.0.0',
  committed_version: '1.0.0',
  previous_version: null,
  manifest_sha256: null,
  restarts: 0,
  checks: [],
  capabilities: ['upgrade'],
  attempt: null,
  trial: null,
  guard_version: null,
  unit_version: null,
  trust_fingerprint: 'f'.repeat(64) as BeatBody['trust_fingerprint'],
  trust_purpose: 'test',
  highest_sequence: 0,
  version_floor: null,
  disk: { free_bytes: 1, total_bytes: 2 },
};

/** A link over fakes, with what its specs look at. */
export function createLinkBench({ enrolled = true, token = null as string | null, inTrial = false } = {}) {
  const timers = createFakeTimers();
  const transport = createFakeTransport();
  const identity = createFakeIdentity(enrolled ? { nodeId: NODE_ID as never, managerId: MANAGER_ID } : null, token);
  const spool = createFakeSpool();
  const states: LinkState[] = [];
  const acknowledged: number[] = [];
  const faults: unknown[] = [];
  const handled: Command[] = [];
  let uptimeSecs = 100;
  let answer = (received: Command): Promise<CommandAck> =>
    Promise.resolve({ type: 'command_ack', id: received.id, accepted: true, attempt_id: null });
  const options: NodeLinkOptions = {
    url: 'ws://127.0.0.1:1/ws/node',
    transport,
    identity,
    spool,
    timers,
    deviceType: deviceType.parse('tidegate-edge'),
    nonce: () => 'n'.repeat(43),
    introduction: () => ({ run_id: UUID, boot_id: 'boot', machine_id: 'machine', software_version: '1.0.0', in_trial: inTrial }),
    facts: () => ({ name: 'n', machine_id: 'machine', os: 'linux', arch: 'x64', kernel: '6', env_names: [], posture: {} }),
    beat: () => Promise.resolve({ ...BEAT, uptime_secs: uptimeSecs++ }),
    handle: (received) => (handled.push(received), answer(received)),
    onBeatAcknowledged: (secs) => acknowledged.push(secs),
    onFault: (error) => faults.push(error),
    onState: (state) => states.push(state),
  };
  const link = createNodeLink(options);
  const sent = <T extends FromNode['type']>(type: T) =>
    transport.latest().sent.filter((message): message is Extract<FromNode, { type: T }> => message.type === type);
  return {
    timers,
    transport,
    identity,
    spool,
    states,
    acknowledged,
    faults,
    handled,
    link,
    options,
    sent,
    answerWith(next: typeof answer) {
      answer = next;
    },
    async deliver(...messages: FromManager[]) {
      for (const message of messages) {
        transport.latest().deliver(message);
        await timers.advance(0);
      }
    },
    async start() {
      link.start();
      await timers.advance(0);
    },
    /** Starts and gets as far as the first beat. */
    async online(beatIntervalSecs = 15) {
      await this.start();
      await this.deliver(hello(), authOk(beatIntervalSecs));
    },
    waiting: () => states.findLast((state) => state.state === 'waiting'),
  };
}
