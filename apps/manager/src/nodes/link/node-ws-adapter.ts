import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketAdapter } from '@nestjs/common';
import type { ErrorCode } from '@tidegate/contract-errors';
import { WIRE } from '@tidegate/contract-protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { rawProblem } from '../../platform/index.ts';

/**
 * Nest's WebSocket adapter for nodes. Everything that can be refused is refused at the HTTP upgrade, before a socket exists:
 * Nest's guards do not run on connect. No message is bound here: the gateway hangs one shared listener on each socket, where
 * Nest's default costs four times the memory per socket.
 */
export class NodeWsAdapter implements WebSocketAdapter<WebSocketServer, WebSocket> {
  constructor(
    private readonly http: Server,
    /** Why this request gets no socket, or null. */
    private readonly refusal: (request: IncomingMessage) => ErrorCode | null,
  ) {}

  create(): WebSocketServer {
    const server = new WebSocketServer({
      noServer: true,
      maxPayload: WIRE.maxPayloadBytes,
      perMessageDeflate: false,
      // Clients are counted by the gateway; a second set per server would only cost.
      clientTracking: false,
      handleProtocols: (protocols) => (protocols.has(WIRE.subprotocol) ? WIRE.subprotocol : false),
    });
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', destroyed);
      const code = this.refusalOf(request);
      if (code) return void socket.end(rawProblem(code));
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    });
    return server;
  }

  private refusalOf(request: IncomingMessage): ErrorCode | null {
    // Both as every node sends them; whatever else may mean the same is looked at more closely.
    const { url = '/', headers } = request;
    if (url !== WIRE.path && new URL(url, 'http://unused').pathname !== WIRE.path) return 'route_not_found';
    const { 'sec-websocket-protocol': offered = '' } = headers;
    const offers = (name: string): boolean => offered.split(',').some((one) => one.trim() === name);
    if (offered !== WIRE.subprotocol && !offers(WIRE.subprotocol)) return 'protocol_version_unsupported';
    return this.refusal(request);
  }

  bindClientConnect(server: WebSocketServer, callback: (client: WebSocket, request: IncomingMessage) => void): void {
    server.on('connection', callback);
  }

  bindClientDisconnect(client: WebSocket, callback: (client: WebSocket) => void): void {
    client.on('close', callback);
  }

  closeClient(client: WebSocket): void {
    client.close(1013);
  }

  bindMessageHandlers(): void {}

  close(server: WebSocketServer): void {
    server.close();
  }

  /** Nest calls it without asking whether it is there, and a shutdown then ends in a TypeError. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/** Shared: a function made beside `request` would keep every request in memory for as long as its socket lives. */
function destroyed(this: Duplex): void {
  this.destroy();
}
