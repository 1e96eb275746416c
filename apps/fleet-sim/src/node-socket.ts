import { randomBytes, sign } from 'node:crypto';
import { authPayload, parseFromManager, WIRE, type FromManager, type FromNode } from '@tidegate/contract-protocol';
import { WebSocket } from 'ws';
import type { Identity } from './identity.ts';

/** What a node says of itself when it authenticates. */
export interface Self {
  readonly name: string;
  readonly deviceType: string;
  readonly version: string;
  readonly inTrial: boolean;
  readonly runId: string;
}

export interface SocketEvents {
  live(settings: Extract<FromManager, { type: 'auth_ok' }>['settings']): void;
  message(message: FromManager): void;
  closed(code: number): void;
}

const MAX_BACKOFF_MS = 5000;
const FIRST_BACKOFF_MS = 100;

/** Full jitter: nodes that lost one manager together do not come back together. */
export const backoffMs = (failures: number, draw: number): number =>
  Math.ceil(draw * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10)));

/** One connection: the node's half of the handshake, then whatever is said. */
export function openSocket(url: string, identity: Identity, self: Self, token: () => string | undefined, events: SocketEvents): WebSocket {
  const socket = new WebSocket(`${url}${WIRE.path}`, WIRE.subprotocol, { perMessageDeflate: false, handshakeTimeout: 10_000 });
  let managerNonce = '';
  let managerId = '';
  const authenticate = (): void => say(socket, authMessage(identity, self, managerNonce, managerId));
  socket.on('message', (data) => {
    const parsed = parseFromManager((data as Buffer).toString('utf8'));
    if (!parsed.ok) return socket.close(1002);
    const message = parsed.value;
    if (message.type === 'hello') {
      [managerNonce, managerId] = [message.nonce, message.manager_id];
      if (identity.nodeId !== null) return authenticate();
      const ticket = token();
      return ticket === undefined ? socket.close(1000) : say(socket, registerMessage(identity, self, ticket));
    }
    if (message.type === 'registered') {
      identity.nodeId = message.node_id;
      return authenticate();
    }
    if (message.type === 'auth_ok') return events.live(message.settings);
    events.message(message);
  });
  socket.on('close', (code) => events.closed(code));
  // A close follows each error, and that is what counts.
  socket.on('error', () => {});
  return socket;
}

/** Brands of the contract are given by parsing, which the other side does. */
export type Said = { readonly type: FromNode['type'] } & Readonly<Record<string, unknown>>;

export function say(socket: WebSocket, message: Said): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

const factsOf = (self: Self) => ({
  name: self.name,
  machine_id: self.name,
  os: 'simulated',
  arch: 'x64',
  kernel: '6.1.0',
  env_names: ['PATH'],
  posture: {},
});

const registerMessage = (identity: Identity, self: Self, token: string): Said => ({
  type: 'register',
  protocol: WIRE.protocol.max,
  token,
  public_key: identity.publicKey,
  device_type: self.deviceType,
  facts: factsOf(self),
});

function authMessage(identity: Identity, self: Self, managerNonce: string, managerId: string): Said {
  const nodeNonce = randomBytes(32).toString('base64url');
  const nodeId = identity.nodeId ?? '';
  const protocol = WIRE.protocol.max;
  const payload = authPayload({ managerNonce, nodeNonce, nodeId, managerId, protocol, intent: 'session' });
  return {
    type: 'auth',
    protocol,
    node_id: nodeId,
    nonce: nodeNonce,
    signature: sign(null, payload, identity.key).toString('base64url'),
    intent: 'session',
    run_id: self.runId,
    boot_id: 'simulated',
    machine_id: self.name,
    software_version: self.version,
    in_trial: self.inTrial,
  };
}
