import { createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  authPayload,
  CLOSE,
  parseFromNode,
  WIRE,
  type Auth,
  type Command,
  type FromManager,
  type FromNode,
  type Settings,
} from '@tidegate/contract-protocol';

/** What it has heard, in order; `waitFor` resolves with the first that fits, also one from before. */
export interface ScriptedManager {
  readonly url: string;
  readonly managerId: string;
  readonly heard: readonly FromNode[];
  waitFor<T extends FromNode['type']>(
    type: T,
    fits?: (message: Extract<FromNode, { type: T }>) => boolean,
  ): Promise<Extract<FromNode, { type: T }>>;
  /** To every authenticated session. */
  send(message: Command | FromManager): void;
  /** Bytes as they are, to every authenticated session: what no honest manager would send. */
  sendRaw(frame: string | Uint8Array): void;
  /** What was heard so far no longer counts. */
  forget(): void;
  readonly sessions: number;
  /** Ends every socket at once, as a killed process does. */
  cut(): void;
  close(): Promise<void>;
}

export interface ScriptedManagerOptions {
  readonly port?: number;
  readonly managerId?: string;
  readonly settings?: Partial<Settings>;
  /** node id -> raw public key, base64url; registrations add to it. */
  readonly nodes?: Map<string, string>;
  /** Answers every auth with this code instead of looking at the signature. */
  readonly refuseWith?: string;
  /** Frames that follow the hello at once, before anybody has authenticated. */
  readonly tooEarly?: readonly object[];
  readonly ackBeats?: boolean;
  readonly ackEvents?: boolean;
}

/** A manager that knows its half of the protocol and nothing else, for tests of what connects to one. */
export async function startScriptedManager(options: ScriptedManagerOptions = {}): Promise<ScriptedManager> {
  const managerId = options.managerId ?? randomUUID();
  const nodes = options.nodes ?? new Map<string, string>();
  const heard: FromNode[] = [];
  const waiting = new Set<() => void>();
  const live = new Set<WebSocket>();
  const server: Server = createServer();
  const sockets = new WebSocketServer({ server, path: WIRE.path, maxPayload: WIRE.maxPayloadBytes, perMessageDeflate: false });

  sockets.on('connection', (socket) => {
    const nonce = randomBytes(32).toString('base64url');
    const reply = (message: FromManager): void => socket.send(JSON.stringify(message));
    socket.on('error', () => {});
    socket.on('close', () => live.delete(socket));
    socket.on('message', (data) => {
      const parsed = parseFromNode(String(data));
      if (!parsed.ok) return socket.close(CLOSE.malformed, parsed.code);
      answer(parsed.value, { nonce, managerId, nodes, options, reply, accepted: () => live.add(socket) });
      heard.push(parsed.value);
      for (const look of waiting) look();
    });
    reply({ type: 'hello', nonce, manager_id: managerId, protocol: { ...WIRE.protocol } });
    for (const frame of options.tooEarly ?? []) socket.send(JSON.stringify(frame));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${WIRE.path}`,
    managerId,
    heard,
    get sessions() {
      return live.size;
    },
    waitFor<T extends FromNode['type']>(type: T, fits = (_message: Extract<FromNode, { type: T }>) => true) {
      type Wanted = Extract<FromNode, { type: T }>;
      return new Promise<Wanted>((resolve) => {
        const look = (): void => {
          const found = heard.find((message): message is Wanted => message.type === type && fits(message as Wanted));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    send(message) {
      for (const socket of live) socket.send(JSON.stringify(message));
    },
    sendRaw(frame) {
      for (const socket of live) socket.send(frame);
    },
    forget: () => void heard.splice(0),
    cut() {
      for (const socket of sockets.clients) socket.terminate();
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Answering {
  readonly nonce: string;
  readonly managerId: string;
  readonly nodes: Map<string, string>;
  readonly options: ScriptedManagerOptions;
  readonly reply: (message: FromManager) => void;
  readonly accepted: () => void;
}

function answer(message: FromNode, { nonce, managerId, nodes, options, reply, accepted }: Answering): void {
  switch (message.type) {
    case 'register': {
      const id = randomUUID();
      nodes.set(id, message.public_key);
      return reply({ type: 'registered', node_id: id as Auth['node_id'], manager_id: managerId });
    }
    case 'auth': {
      const code = options.refuseWith ?? authProblem(message, nonce, managerId, nodes.get(message.node_id));
      if (code !== null) return reply({ type: 'auth_error', code });
      if (message.intent === 'session') accepted();
      const settings: Settings = { beat_interval_secs: 0.2, spool_max_events: 1000, ...options.settings };
      return reply({ type: 'auth_ok', settings, session_epoch: 1, server_time: new Date().toISOString() });
    }
    case 'health':
      return options.ackBeats === false ? undefined : reply({ type: 'health_ack', beat: message.beat });
    case 'event':
      return options.ackEvents === false
        ? undefined
        : reply({ type: 'event_ack', spool_id: message.event.spool_id, seq: message.event.seq });
    // No test lets this manager ask for a new key, so none is offered.
    case 'key_offer':
    case 'command_ack':
      return undefined;
  }
}

function authProblem(message: Auth, managerNonce: string, managerId: string, publicKey: string | undefined): string | null {
  if (publicKey === undefined) return 'node_unknown';
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  const { nonce: nodeNonce, node_id: nodeId, protocol, intent } = message;
  const payload = authPayload({ managerNonce, nodeNonce, nodeId, managerId, protocol, intent });
  return verify(null, payload, key, Buffer.from(message.signature, 'base64url')) ? null : 'node_key_invalid';
}
