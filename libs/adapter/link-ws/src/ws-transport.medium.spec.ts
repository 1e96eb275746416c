import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import { CLOSE, WIRE } from '@tidegate/contract-protocol';
import type { Closed, Connection } from '@tidegate/engine-node-link';
import { describeTransportContract } from '@tidegate/engine-node-link/testing';
import { createWsTransport, type WsTransportOptions } from './ws-transport.ts';

interface Listening {
  readonly url: string;
  readonly sockets: WebSocketServer;
  /** The newest socket, once it is there. */
  socket(): Promise<WebSocket>;
  close(): Promise<void>;
}

async function listen(server: Server = createHttpServer(), scheme = 'ws'): Promise<Listening> {
  const sockets = new WebSocketServer({ server, path: WIRE.path, maxPayload: 1024 * 1024 });
  const newest = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}${WIRE.path}`,
    sockets,
    socket: () => newest,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.close();
      await once(server, 'close');
    },
  };
}

describeTransportContract('the transport over ws', async () => {
  const listening = await listen();
  return {
    transport: createWsTransport(),
    url: listening.url,
    async peer() {
      const socket = await listening.socket();
      const heard: string[] = [];
      socket.on('message', (data) => heard.push(String(data)));
      return {
        async receivedText(text) {
          while (!heard.includes(text)) await once(socket, 'message');
        },
        say: (text: string) => socket.send(text),
        close: (code: number) => socket.close(code),
        cut: () => socket.terminate(),
      };
    },
    dispose: listening.close,
  };
});

describe('createWsTransport', () => {
  const opened: Array<() => unknown> = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });
  const connect = (url: string, options: WsTransportOptions = {}) => {
    const texts: string[] = [];
    let connection: Connection | undefined;
    const closed = new Promise<Closed>((resolve) => {
      connection = createWsTransport(options).connect(url, { received: (text) => texts.push(text), closed: resolve });
    });
    opened.push(() => connection?.close(1000, 'test over'));
    return { texts, closed, connection: () => connection };
  };
  const serve = async (server?: Server, scheme?: string): Promise<Listening> => {
    const listening = await listen(server, scheme);
    opened.push(listening.close);
    return listening;
  };

  it('asks for the subprotocol, offers no compression and no origin', async () => {
    const listening = await serve();
    const upgraded = once(listening.sockets, 'connection');
    connect(listening.url);
    const [, request] = (await upgraded) as [WebSocket, { headers: Record<string, string> }];
    expect(request.headers['sec-websocket-protocol']).toBe(WIRE.subprotocol);
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    expect(request.headers['origin']).toBeUndefined();
  });

  it('closes on a binary frame with the code for malformed', async () => {
    const listening = await serve();
    const { closed, texts } = connect(listening.url);
    const socket = await listening.socket();
    const told = once(socket, 'close');
    socket.send(Buffer.from([1, 2, 3]));
    expect((await closed).code).toBe(CLOSE.malformed);
    expect((await told)[0]).toBe(CLOSE.malformed);
    expect(texts).toEqual([]);
  });

  it('closes on a frame over the limit of the wire with 1009', async () => {
    const listening = await serve();
    const { closed, texts } = connect(listening.url);
    (await listening.socket()).send('x'.repeat(WIRE.maxPayloadBytes + 1));
    expect((await closed).code).toBe(1009);
    expect(texts).toEqual([]);
  });

  it('takes a frame at the limit', async () => {
    const listening = await serve();
    const { closed, texts } = connect(listening.url);
    const socket = await listening.socket();
    socket.send('x'.repeat(WIRE.maxPayloadBytes));
    socket.close(1000);
    await closed;
    expect(texts.map((text) => text.length)).toEqual([WIRE.maxPayloadBytes]);
  });

  it('names the system error of a connection that never opened', async () => {
    const listening = await listen();
    await listening.close();
    expect(await connect(listening.url).closed).toEqual({ code: 1006, reason: '', cause: 'ECONNREFUSED' });
  });

  it('ends on a peer that speaks no WebSocket', async () => {
    const server = createTcpServer((socket: Socket) => socket.end('SSH-2.0-x\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => server.close());
    const { code } = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/node`).closed;
    expect(code).toBe(1006);
  });

  it('follows no redirect', async () => {
    const target = await serve();
    const server = createHttpServer((_, response) => response.end());
    server.on('upgrade', (_, socket: Socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target.url}\r\n\r\n`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => server.close());
    expect((await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/node`).closed).code).toBe(1006);
    expect(target.sockets.clients.size).toBe(0);
  });

  it('says once how it was closed before it was open', async () => {
    const closes: Closed[] = [];
    const server = createTcpServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => server.close());
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/node`;
    await new Promise<void>((resolve) => {
      const connection = createWsTransport().connect(url, { received: () => {}, closed: (how) => (closes.push(how), resolve()) });
      connection.close(1001, 'stopping');
      connection.close(1000, 'again');
      connection.send('{}');
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closes).toEqual([{ code: 1001, reason: 'stopping' }]);
  });

  it('waits for a peer to answer its close, but not for long', async () => {
    const listening = await serve();
    const { closed, connection, texts } = connect(listening.url);
    const peer = (await listening.socket()) as WebSocket & { readonly _socket: Socket };
    peer.send('open');
    while (texts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // Reads no more, so it never answers.
    peer._socket.pause();
    const begunAt = performance.now();
    connection()?.close(1001, 'stopping');
    expect(await closed).toEqual({ code: 1001, reason: 'stopping' });
    expect(performance.now() - begunAt).toBeGreaterThan(1500);
  });

  it('masks what it sends, and takes nothing masked', async () => {
    const listening = await serve();
    const { closed } = connect(listening.url);
    const peer = (await listening.socket()) as WebSocket & { readonly _socket: Socket };
    // A text frame with a mask, as only clients may send one.
    peer._socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x41]));
    expect((await closed).code).toBe(1006);
  });

  it('does not send plain text to another host', async () => {
    expect(await connect('ws://192.0.2.1/ws/node').closed).toEqual({ code: 1006, reason: '', cause: 'PLAINTEXT_NOT_ALLOWED' });
  });

  describe('over TLS', () => {
    let folder: string;
    let certificate: X509Certificate;
    const file = (name: string): string => join(folder, name);
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tidegate-tls-'));
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=manager',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-keyout',
          file('key.pem'),
          '-out',
          file('cert.pem'),
        ],
        { stdio: 'ignore' },
      );
      certificate = new X509Certificate(readFileSync(file('cert.pem')));
    });
    afterAll(() => rmSync(folder, { recursive: true }));
    const serveTls = () => serve(createHttpsServer({ key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) }), 'wss');

    it('refuses a certificate of an unknown authority', async () => {
      const { url } = await serveTls();
      expect(await connect(url).closed).toMatchObject({ code: 1006, cause: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    });

    it('accepts one of the configured authority', async () => {
      const listening = await serveTls();
      const { closed } = connect(listening.url, { caFile: file('cert.pem') });
      (await listening.socket()).close(4009);
      expect((await closed).code).toBe(4009);
    });

    it('accepts the pinned certificate and refuses any other before a byte of the protocol', async () => {
      const listening = await serveTls();
      const pin = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
      const { closed } = connect(listening.url, { caFile: file('cert.pem'), fingerprintSha256: pin });
      (await listening.socket()).close(4009);
      expect((await closed).code).toBe(4009);
      const other = connect(listening.url, { caFile: file('cert.pem'), fingerprintSha256: `${pin.slice(1)}${pin[0]}` });
      expect(await other.closed).toMatchObject({ code: 1006, cause: 'FINGERPRINT_MISMATCH' });
      expect(other.texts).toEqual([]);
    });

    it('refuses a certificate of the configured authority for another name', async () => {
      const { url } = await serveTls();
      const elsewhere = url.replace('127.0.0.1', 'localhost');
      expect(await connect(elsewhere, { caFile: file('cert.pem') }).closed).toMatchObject({
        code: 1006,
        cause: 'ERR_TLS_CERT_ALTNAME_INVALID',
      });
    });

    it('treats an unreadable CA file as an ended connection', async () => {
      const { url } = await serveTls();
      expect(await connect(url, { caFile: file('absent.pem') }).closed).toMatchObject({ code: 1006, cause: 'ENOENT' });
    });
  });
});
