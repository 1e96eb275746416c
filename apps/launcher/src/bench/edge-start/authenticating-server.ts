import { createHash, createPublicKey, randomBytes, randomUUID, verify, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { decodeTexts, encodeText } from './text-frames.ts';

export interface AuthenticatingServer {
  readonly port: number;
  /** Admits a key without enrolment; returns its node id. */
  admit(publicKey: KeyObject): string;
  /** Resolves when the next session authenticates, with its node id and the time of it (performance.now). */
  nextAuthentication(): Promise<{ readonly nodeId: string; readonly atMs: number }>;
  close(): Promise<void>;
}

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

interface FromClient {
  readonly type: string;
  readonly public_key?: string;
  readonly node_id?: string;
  readonly nonce?: string;
  readonly signature?: string;
  readonly intent?: string;
}

/** The manager's half of the handshake and nothing more, so that a measurement holds the node's time and not a database's. */
export async function startAuthenticatingServer(): Promise<AuthenticatingServer> {
  const managerId = randomUUID();
  const keys = new Map<string, KeyObject>();
  const waiting: ((authentication: { nodeId: string; atMs: number }) => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();

  const answer = (message: FromClient, managerNonce: string): object | undefined => {
    if (message.type === 'register') {
      const nodeId = randomUUID();
      keys.set(nodeId, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: message.public_key ?? '' }, format: 'jwk' }));
      return { type: 'registered', node_id: nodeId, manager_id: managerId };
    }
    if (message.type !== 'auth') return undefined;
    const { node_id: nodeId = '', nonce, signature = '', intent } = message;
    const key = keys.get(nodeId);
    const signed = ['tidegate-node-auth-v1', managerNonce, nonce, nodeId, managerId, 1, intent].join('\n');
    if (!key || !verify(null, Buffer.from(signed), key, Buffer.from(signature, 'base64url')))
      return { type: 'auth_error', code: 'node_key_invalid' };
    const atMs = performance.now();
    waiting.shift()?.({ nodeId, atMs });
    const settings = { beat_interval_secs: 15, spool_max_events: 10_000 };
    return { type: 'auth_ok', settings, session_epoch: 1, server_time: new Date().toISOString() };
  };

  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    greet(request, socket, managerId, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    admit: (publicKey) => {
      const nodeId = randomUUID();
      keys.set(nodeId, publicKey);
      return nodeId;
    },
    nextAuthentication: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Opens the WebSocket, challenges, and answers what comes. */
function greet(
  request: IncomingMessage,
  socket: Socket,
  managerId: string,
  answer: (message: FromClient, managerNonce: string) => object | undefined,
): void {
  // A measured process is killed as soon as it has authenticated: the reset is expected.
  socket.on('error', () => undefined);
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}${ACCEPT_GUID}`)
    .digest('base64');
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    'Sec-WebSocket-Protocol: tidegate.v1',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const nonce = randomBytes(32).toString('base64url');
  const send = (message: object) => socket.write(encodeText(JSON.stringify(message)));
  send({ type: 'hello', nonce, manager_id: managerId, protocol: { min: 1, max: 1 } });
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const { texts, rest } = decodeTexts(Buffer.concat([received, chunk]));
    received = rest;
    for (const text of texts) {
      const reply = answer(JSON.parse(text) as FromClient, nonce);
      if (reply) send(reply);
    }
  });
}
