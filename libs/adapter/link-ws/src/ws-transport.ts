import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';
import { CLOSE, WIRE } from '@tidegate/contract-protocol';
import type { Closed, Connection, ConnectionEvents, Transport } from '@tidegate/engine-node-link';
import { isLoopbackHost } from './manager-url.ts';

export interface WsTransportOptions {
  /** PEM file of the authority that signs the manager's certificate; read anew for each connection, so it can be replaced. */
  readonly caFile?: string;
  /** sha256 of the manager's certificate, 64 hex digits, in addition to the chain. */
  readonly fingerprintSha256?: string;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long a dead peer may leave our close unanswered. */
const CLOSE_TIMEOUT_MS = 2_000;

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
  const socket = new WebSocket(url, WIRE.subprotocol, clientOptions(new URL(url), options));
  let cause: string | undefined;
  let ended = false;
  let own: Closed | null = null;

  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    clearTimeout(closing);
    events.closed({ ...(own ?? { code, reason }), ...(cause !== undefined && { cause }) });
  };
  let closing: NodeJS.Timeout | undefined;
  const close = (code: number, reason: string): void => {
    if (ended || own) return;
    own = { code, reason };
    // Not `unref`: an agent that stops waits for this close and for nothing else.
    closing = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.close(code, reason);
  };
  socket.on('upgrade', (response) => {
    const problem = pinProblem(response.socket as TLSSocket, options.fingerprintSha256);
    if (problem === null) return;
    cause = problem;
    socket.terminate();
  });
  socket.on('message', (data, isBinary) => {
    if (ended || own) return;
    // ws gives text frames as one Buffer unless told otherwise.
    if (isBinary) close(CLOSE.malformed, 'binary');
    else events.received((data as Buffer).toString('utf8'));
  });
  socket.on('error', (error) => {
    cause ??= errorName(error);
    // ws reports its own limits by error code; what the engine sees is the close code of the protocol.
    if (cause === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') own ??= { code: 1009, reason: 'message_too_large' };
  });
  socket.on('close', (code, reason) => end(code, reason.toString('utf8')));
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text, () => {});
    },
    close,
  };
}

function clientOptions(url: URL, { caFile, fingerprintSha256 }: WsTransportOptions): ClientOptions {
  if (url.protocol !== 'wss:' && !(url.protocol === 'ws:' && isLoopbackHost(url.hostname))) {
    throw Object.assign(new Error('plain text to another host'), { code: 'PLAINTEXT_NOT_ALLOWED' });
  }
  return {
    maxPayload: WIRE.maxPayloadBytes,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    perMessageDeflate: false,
    followRedirects: false,
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    // A resumed TLS session carries no certificate to compare with the pin.
    ...(fingerprintSha256 !== undefined && { session: undefined }),
  };
}

function pinProblem(socket: TLSSocket, fingerprintSha256: string | undefined): string | null {
  if (fingerprintSha256 === undefined) return null;
  const actual = socket.getPeerCertificate?.()?.fingerprint256?.replaceAll(':', '').toLowerCase();
  return actual === fingerprintSha256.toLowerCase() ? null : 'FINGERPRINT_MISMATCH';
}

/** System error names only: texts of libraries may carry addresses and worse. */
function errorName(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'CONNECTION_FAILED';
}
