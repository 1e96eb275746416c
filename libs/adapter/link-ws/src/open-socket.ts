import { randomBytes } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { acceptsUpgrade, upgradeRequest } from './upgrade-head.ts';

export interface OpenOptions {
  /** PEM of the authorities to believe instead of the public ones. */
  readonly ca?: Buffer;
  /** What is wrong with the peer, before anything is said to it; null = nothing. */
  readonly peerProblem: (socket: TLSSocket) => string | null;
  /** For all of it: connection, TLS and the answer. */
  readonly timeoutMs: number;
}

/** A socket that speaks WebSocket from now on, with the first bytes of it; or why there is none. */
export type Opened = { readonly socket: Socket; readonly first: Buffer } | { readonly cause: string };

const MAX_HEAD_BYTES = 16 * 1024;
const END_OF_HEAD = '\r\n\r\n';

/**
 * Opens a WebSocket's connection by hand and not by node:http: a client of HTTP would be a tenth of an agent's start, for the
 * one request that it ever makes. `done` is called once, never before this has returned, and not after `abort`.
 */
export function openSocket(url: URL, options: OpenOptions, done: (opened: Opened) => void): { abort(): void } {
  const secure = url.protocol === 'wss:';
  const key = randomBytes(16).toString('base64');
  const socket = secure ? connectTls(url, options) : connectPlain(addressOf(url, 80));
  let received: Buffer = Buffer.alloc(0);

  const finish = (opened: Opened): void => {
    clearTimeout(late);
    socket.off('data', read).off('error', fail).off('close', cut);
    if ('cause' in opened) abandon(socket);
    done(opened);
  };
  const fail = (error: NodeJS.ErrnoException): void => finish({ cause: error.code ?? 'CONNECTION_FAILED' });
  const cut = (): void => finish({ cause: 'ECONNRESET' });
  const read = (chunk: Buffer): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf(END_OF_HEAD);
    if (end === -1 && received.length <= MAX_HEAD_BYTES) return;
    const isOurs = end !== -1 && end <= MAX_HEAD_BYTES && acceptsUpgrade(received.toString('latin1', 0, end), key);
    finish(isOurs ? { socket, first: received.subarray(end + END_OF_HEAD.length) } : { cause: 'UPGRADE_REFUSED' });
  };
  const late = setTimeout(() => finish({ cause: 'ETIMEDOUT' }), options.timeoutMs);
  socket.on('data', read).on('error', fail).on('close', cut);
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    const problem = secure ? options.peerProblem(socket as TLSSocket) : null;
    if (problem === null) socket.write(upgradeRequest(url, key));
    else finish({ cause: problem });
  });
  return {
    abort() {
      clearTimeout(late);
      socket.off('data', read).off('error', fail).off('close', cut);
      abandon(socket);
    },
  };
}

/** What it may still say on its way out interests nobody. */
function abandon(socket: Socket): void {
  socket.on('error', () => {});
  socket.destroy();
}

const addressOf = ({ hostname, port }: URL, usualPort: number): { readonly host: string; readonly port: number } => ({
  host: hostname.replace(/^\[(.*)\]$/, '$1'),
  port: port === '' ? usualPort : Number(port),
});

function connectTls(url: URL, { ca }: OpenOptions): Socket {
  const address = addressOf(url, 443);
  // Not by an import: TLS is 4 ms of a start, also where the manager is on this machine.
  return process.getBuiltinModule('node:tls').connect({
    ...address,
    // Names only: an address in its place is not allowed, and the certificate is compared with `host` then.
    ...(isIP(address.host) === 0 && { servername: address.host }),
    ...(ca !== undefined && { ca }),
    ALPNProtocols: ['http/1.1'],
  });
}
