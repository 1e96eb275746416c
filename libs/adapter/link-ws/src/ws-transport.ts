import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { CLOSE, WIRE } from '@tidegate/contract-protocol';
import type { Closed, Connection, ConnectionEvents, Transport } from '@tidegate/engine-node-link';
import { isLoopbackHost } from './manager-url.ts';
import { openSocket, type OpenOptions } from './open-socket.ts';

export interface WsTransportOptions {
  /** PEM file of the authority that signs the manager's certificate; read anew for each connection, so it can be replaced. */
  readonly caFile?: string;
  /** sha256 of the manager's certificate, 64 hex digits, in addition to the chain. */
  readonly fingerprintSha256?: string;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long a dead peer may leave our close unanswered. */
const CLOSE_TIMEOUT_MS = 2_000;
/** A peer that pings faster than it reads fills no memory. */
const MAX_PENDING_PONGS = 16;

/** Transport over `ws`: https certificates are always checked; plain text goes to this host only. */
export function createWsTransport(options: WsTransportOptions = {}): Transport {
  return {
    connect(url, events) {
      try {
        return connect(url, options, events);
      } catch (error) {
        // A CA file that cannot be read, a URL that cannot be parsed: an ended connection like any other.
        const closed: Closed = { code: 1006, reason: '', cause: errorName(error) };
        setImmediate(() => events.closed(closed));
        return { send: () => {}, close: () => {} };
      }
    },
  };
}

function connect(url: string, options: WsTransportOptions, events: ConnectionEvents): Connection {
  let socket: WebSocket | undefined;
  let cause: string | undefined;
  let ended = false;
  let own: Closed | null = null;

  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    events.closed({ ...(own ?? { code, reason }), ...(cause !== undefined && { cause }) });
  };
  const close = (code: number, reason: string): void => {
    if (ended || own) return;
    own = { code, reason };
    if (socket) {
      socket.close(code, reason);
      return;
    }
    opening.abort();
    setImmediate(end, code, reason);
  };
  const follow = (opened: WebSocket): void => {
    socket = opened;
    opened.on('message', (data, isBinary) => {
      if (ended || own) return;
      // ws gives text frames as one Buffer unless told otherwise.
      if (isBinary) close(CLOSE.malformed, 'binary');
      else events.received((data as Buffer).toString('utf8'));
    });
    opened.on('error', (error) => {
      cause ??= errorName(error);
      // ws reports its own limits by error code; what the engine sees is the close code of the protocol.
      if (cause === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') own ??= { code: 1009, reason: 'message_too_large' };
    });
    opened.on('close', (code, reason) => end(code, reason.toString('utf8')));
  };
  const opening = openSocket(new URL(url), openOptions(new URL(url), options), (opened) => {
    if ('cause' in opened) {
      cause = opened.cause;
      end(1006, '');
    } else adopt(opened.socket, opened.first, follow);
  });
  return {
    send(text) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(text, () => {});
    },
    close,
  };
}

/** What a client of ws is given by its own handshake; not in its types. */
interface Adopting {
  _isServer: boolean;
  setSocket(socket: Socket, first: Buffer, limits: object): void;
}

/** Frames, masks, limits and the closing handshake are those of ws; only the way to an open connection is ours. */
function adopt(socket: Socket, first: Buffer, follow: (opened: WebSocket) => void): void {
  const options = { autoPong: true, maxPendingAutoPongs: MAX_PENDING_PONGS, closeTimeout: CLOSE_TIMEOUT_MS };
  // Its types know the address of a client only.
  const opened = Reflect.construct(WebSocket, [null, undefined, options]) as WebSocket;
  const inside = opened as unknown as Adopting;
  // A client masks what it sends, and refuses what is masked.
  inside._isServer = false;
  follow(opened);
  inside.setSocket(socket, first, {
    allowSynchronousEvents: true,
    maxBufferedChunks: 1024,
    maxFragments: 1024,
    maxPayload: WIRE.maxPayloadBytes,
    skipUTF8Validation: false,
  });
}

function openOptions(url: URL, { caFile, fingerprintSha256 }: WsTransportOptions): OpenOptions {
  if (url.protocol !== 'wss:' && !(url.protocol === 'ws:' && isLoopbackHost(url.hostname))) {
    throw Object.assign(new Error('plain text to another host'), { code: 'PLAINTEXT_NOT_ALLOWED' });
  }
  return {
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    peerProblem: (socket) => pinProblem(socket, fingerprintSha256),
  };
}

function pinProblem(socket: TLSSocket, fingerprintSha256: string | undefined): string | null {
  if (fingerprintSha256 === undefined) return null;
  const actual = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
  return actual === fingerprintSha256.toLowerCase() ? null : 'FINGERPRINT_MISMATCH';
}

/** System error names only: texts of libraries may carry addresses and worse. */
function errorName(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'CONNECTION_FAILED';
}
