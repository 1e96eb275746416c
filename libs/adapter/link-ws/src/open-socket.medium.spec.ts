import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openSocket, type Opened } from './open-socket.ts';
import { acceptsUpgrade } from './upgrade-head.ts';

const LONG_MS = 20_000;

describe('a connection by hand', () => {
  const open: { server: Server; sockets: Set<Socket> }[] = [];
  afterEach(async () => {
    for (const { server, sockets } of open.splice(0)) {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    }
  });
  const serve = async (greet: (socket: Socket) => void, host = '127.0.0.1'): Promise<URL> => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      greet(socket);
    });
    open.push({ server, sockets });
    server.listen(0, host);
    await once(server, 'listening');
    return new URL(`ws://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/ws/node`);
  };
  const opened = (url: URL, timeoutMs = LONG_MS): Promise<Opened> =>
    new Promise((resolve) => openSocket(url, { timeoutMs, peerProblem: () => null }, resolve));
  /** Answers a request with what `answer` makes of its key. */
  const answering = (answer: (key: string, socket: Socket) => void) => (socket: Socket) =>
    socket.once('data', (data) => answer(/Sec-WebSocket-Key: (\S+)/.exec(String(data))?.[1] ?? '', socket));

  it('gives up on a peer that says nothing', async () => {
    expect(await opened(await serve(() => {}), 50)).toEqual({ cause: 'ETIMEDOUT' });
  });

  it('gives up on a head that does not end', async () => {
    const url = await serve((socket) => socket.write(`HTTP/1.1 101 x\r\n${'X: y\r\n'.repeat(4000)}`));
    expect(await opened(url)).toEqual({ cause: 'UPGRADE_REFUSED' });
  });

  it('says that a peer has gone', async () => {
    expect(await opened(await serve((socket) => socket.destroy()))).toEqual({ cause: 'ECONNRESET' });
  });

  it('takes an answer in pieces, and keeps what came after it', async () => {
    const { createHash } = await import('node:crypto');
    const url = await serve(
      answering((key, socket) => {
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        const head = `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: tidegate.v1`;
        expect(acceptsUpgrade(head, key)).toBe(true);
        socket.write(head.slice(0, 30));
        setImmediate(() => socket.write(`${head.slice(30)}\r\n`));
        setImmediate(() => setImmediate(() => socket.write('\r\nfirst')));
      }),
    );
    const result = await opened(url);
    if ('cause' in result) throw new Error(result.cause);
    const more = result.first.length > 0 ? result.first : ((await once(result.socket, 'data')) as [Buffer])[0];
    expect(String(more)).toBe('first');
    result.socket.destroy();
  });

  it('reaches an address of IPv6', async () => {
    const url = await serve((socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'), '::1');
    expect(await opened(url)).toEqual({ cause: 'UPGRADE_REFUSED' });
  });

  it('is heard of no more once it was aborted', async () => {
    let told = (): void => {};
    const gone = new Promise<void>((resolve) => {
      told = resolve;
    });
    const url = await serve((socket) => socket.on('close', () => told()));
    const opening = openSocket(url, { timeoutMs: LONG_MS, peerProblem: () => null }, () => {
      throw new Error('heard of');
    });
    await once(open[0]?.server as Server, 'connection');
    opening.abort();
    await gone;
  });
});
