import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayDisconnect } from '@nestjs/websockets';
import { ERRORS, isCodedError, type ErrorCode } from '@tidegate/contract-errors';
import {
  CLOSE,
  parseFromNode,
  WIRE,
  type Auth,
  type FromManager,
  type FromNode,
  type Health,
  type Register,
} from '@tidegate/contract-protocol';
import { WebSocket, type RawData } from 'ws';
import {
  ChangeFeed,
  CLOCK,
  CONFIG,
  forwardedAddress,
  LOG,
  Metrics,
  trustOf,
  type Clock,
  type Log,
  type ManagerConfig,
} from '../../platform/index.ts';
import { KeyRotation } from '../key-rotation.ts';
import { admit, ROOM } from './admission.ts';
import { BeatWriter } from './beat-writer.ts';
import { Handshake } from './handshake.ts';
import type { NodeConnection } from './node-connection.ts';
import { NodeLink, type LiveSession } from './node-link.ts';
import { SessionKeeper } from './session-keeper.ts';

const PING_EVERY_MS = 30_000;
const CLOSE_GRACE_MS = 1000;
const RESTARTING = 1012;
const TRY_LATER = 1013;

/** Nodes' sockets: who may say what when. What it means is decided in the handshake and by the link's listeners. */
@Injectable()
@WebSocketGateway({ path: WIRE.path })
export class NodeGateway implements OnGatewayConnection, OnGatewayDisconnect, OnModuleInit, BeforeApplicationShutdown {
  private readonly connections = new Map<WebSocket, NodeConnection>();
  /** Those that have not proved who they are, oldest first. */
  private readonly strangers = new Set<WebSocket>();
  private readonly inFlight = new Set<Promise<void>>();
  /** One function for all sockets: a closure per socket costs memory ten thousand times. */
  private readonly onMessage: (this: WebSocket, data: RawData, isBinary: boolean) => void;
  private readonly onPong: (this: WebSocket) => void;
  private readonly onError: (error: Error) => void;
  private readonly refused;
  private opened = 0;
  private readonly peerOf: (request: IncomingMessage) => NodeConnection['peer'];

  constructor(
    private readonly handshake: Handshake,
    private readonly beats: BeatWriter,
    private readonly link: NodeLink,
    private readonly keeper: SessionKeeper,
    private readonly rotation: KeyRotation,
    private readonly changes: ChangeFeed,
    metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) config: ManagerConfig,
  ) {
    this.refused = metrics.counter('tidegate_sockets_refused_total');
    metrics.read('tidegate_sockets', () => [
      { labels: { phase: 'stranger' }, value: this.strangers.size },
      { labels: { phase: 'live' }, value: this.link.size },
    ]);
    const trust = trustOf(config.trust_proxy);
    // Without a proxy the socket itself: it holds its address anyway, and a second copy for each of ten thousand would be kept.
    this.peerOf = (request) => (config.trust_proxy.length === 0 ? request.socket : { remoteAddress: forwardedAddress(trust, request) });
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the shared listeners need both: their socket and us
    const gateway = this;
    this.onMessage = function (data, isBinary) {
      gateway.receive(this, data, isBinary);
    };
    this.onError = (error) => this.log.debug({ error: error.name }, 'node socket error');
    this.onPong = function () {
      const connection = gateway.connections.get(this);
      if (connection) connection.alive = true;
    };
  }

  onModuleInit(): void {
    this.clock.every(PING_EVERY_MS, () => this.pingAll());
  }

  /** Asked at the HTTP upgrade, before a newcomer costs anything. May show somebody else out for it. */
  admits(request: IncomingMessage): boolean {
    if (this.strangers.size < ROOM.strangers) return true;
    const onTrial = new URL(request.url ?? '/', 'http://unused').searchParams.has(WIRE.trialParameter);
    const strangers = [...this.strangers].flatMap((socket) => {
      const connection = this.connections.get(socket);
      if (!connection) return [];
      return [
        { socket, address: connection.peer.remoteAddress ?? '', sinceMs: connection.openedAtMs, busy: connection.phase !== 'greeted' },
      ];
    });
    const admission = admit(strangers, onTrial, this.clock.now().getTime());
    // Not with a goodbye: a socket that says nothing would not answer it either.
    if (admission.admit && admission.instead) {
      this.strangers.delete(admission.instead.socket);
      admission.instead.socket.terminate();
    }
    return admission.admit;
  }

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    const connection: NodeConnection = {
      id: (this.opened += 1),
      nonce: randomBytes(32).toString('base64url'),
      peer: this.peerOf(request),
      openedAtMs: this.clock.now().getTime(),
      phase: 'greeted',
      session: undefined,
      cancelDeadline: this.clock.after(WIRE.authDeadlineMs, () => this.refuse(socket, 'auth_timeout')),
      alive: true,
      template: null,
      lastStanding: '',
      lastBeatAtMs: 0,
      lastReportAtMs: 0,
      keyAdopted: false,
    };
    this.connections.set(socket, connection);
    this.strangers.add(socket);
    socket.on('message', this.onMessage);
    socket.on('pong', this.onPong);
    // `ws` closes by itself with 1009 or 1002; without a listener the error would end the process.
    socket.on('error', this.onError);
    this.say(socket, { type: 'hello', nonce: connection.nonce, manager_id: this.handshake.managerId, protocol: WIRE.protocol });
  }

  handleDisconnect(socket: WebSocket): void {
    const connection = this.connections.get(socket);
    if (!connection) return;
    this.connections.delete(socket);
    this.strangers.delete(socket);
    connection.cancelDeadline();
    connection.phase = 'closed';
    const { session } = connection;
    if (!session) return;
    this.link.leave(session);
    this.track(this.keeper.close(session));
  }

  private receive(socket: WebSocket, data: RawData, isBinary: boolean): void {
    const connection = this.connections.get(socket);
    if (!connection || connection.phase === 'closed') return;
    connection.alive = true;
    if (isBinary) return this.refuse(socket, 'message_malformed');
    // With the default binaryType a text frame is always one Buffer.
    const text = (data as Buffer).toString('utf8');
    const { session } = connection;
    const repeated = session ? this.beats.repeats(connection, text) : 0;
    if (session && repeated > 0) {
      return this.beats.touch(connection, session, (error) => {
        if (error) this.fail(socket, error);
        else this.say(socket, { type: 'health_ack', beat: repeated });
      });
    }
    const parsed = parseFromNode(text);
    if (!parsed.ok) return this.refuse(socket, parsed.code);
    const message = parsed.value;
    const adopting = session?.nextKey !== undefined && !connection.keyAdopted;
    if (session && message.type === 'health' && !adopting) return this.takeBeat(socket, connection, session, message, text);
    const claimed = message.type === 'auth' ? message.node_id : session?.nodeId;
    this.track(this.handle(socket, connection, message).catch((error: unknown) => this.fail(socket, error, claimed)));
  }

  private async handle(socket: WebSocket, connection: NodeConnection, message: FromNode): Promise<void> {
    const { phase, session } = connection;
    if (phase === 'greeted' && message.type === 'register') return await this.enrol(socket, connection, message);
    if (phase === 'greeted' && message.type === 'auth') return await this.authenticate(socket, connection, message);
    if (phase !== 'live' || !session) return this.refuse(socket, 'message_unexpected');
    switch (message.type) {
      case 'health':
        if (session.nextKey) await this.rotation.adopted(session, session.nextKey);
        connection.keyAdopted = true;
        return this.takeBeat(socket, connection, session, message, '');
      case 'event':
        await this.link.tell((listener) => listener.event?.(session, message.event));
        return this.say(socket, { type: 'event_ack', spool_id: message.event.spool_id, seq: message.event.seq });
      case 'key_offer':
        return await this.rotation.offered(session, message);
      case 'command_ack':
        this.log.debug({ connection_id: connection.id, node_id: session.nodeId, command_id: message.id }, 'command answered');
        return await this.link.tell((listener) => listener.commandAck?.(session, message));
      default:
        return this.refuse(socket, 'message_unexpected');
    }
  }

  private takeBeat(socket: WebSocket, connection: NodeConnection, session: LiveSession, health: Health, text: string): void {
    this.beats.take(connection, session, health, text, (error) => {
      if (error) return this.fail(socket, error);
      // After it is stored: a candidate is committed on the strength of acknowledged beats, so an acknowledgement has to
      // mean that this manager, with its database, works.
      this.say(socket, { type: 'health_ack', beat: health.beat });
      const work = this.link.tellOfBeat(session, health);
      if (work) this.track(work.catch((failure: unknown) => this.fail(socket, failure)));
    });
  }

  private async enrol(socket: WebSocket, connection: NodeConnection, message: Register): Promise<void> {
    connection.phase = 'enrolling';
    const nodeId = await this.handshake.register(message, connection.peer.remoteAddress ?? '');
    if (connection.phase !== 'enrolling') return;
    connection.phase = 'greeted';
    this.changes.emit('node', nodeId);
    const answer = { type: 'registered', node_id: nodeId, manager_id: this.handshake.managerId } as FromManager;
    this.say(socket, answer);
  }

  private async authenticate(socket: WebSocket, connection: NodeConnection, message: Auth): Promise<void> {
    connection.phase = 'authenticating';
    const session = await this.handshake.authenticate(message, connection.nonce);
    if (connection.phase !== 'authenticating') {
      // The socket went while the row was written; nobody else will say goodbye for it.
      if (session.epoch > 0) await this.keeper.close(session);
      return;
    }
    connection.cancelDeadline();
    if (message.intent === 'probe') {
      this.say(socket, this.handshake.welcome(session));
      return socket.close(1000);
    }
    connection.session = session;
    connection.phase = 'live';
    // There are ten thousand of them: what only the handshake needed goes.
    connection.nonce = '';
    connection.cancelDeadline = nothing;
    this.strangers.delete(socket);
    const loser = this.link.enter(session, socket);
    loser?.close(CLOSE.superseded, 'session_superseded');
    if (loser === socket) return;
    this.log.debug({ connection_id: connection.id, node_id: session.nodeId, epoch: session.epoch }, 'node connected');
    this.say(socket, this.handshake.welcome(session));
    this.changes.emit('node', session.nodeId);
    await this.link.tell((listener) => listener.opened?.(session));
  }

  private say(socket: WebSocket, message: FromManager): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  private fail(socket: WebSocket, error: unknown, nodeId?: string): void {
    if (!isCodedError(error)) this.log.error({ connection_id: this.connections.get(socket)?.id, err: error }, 'node message failed');
    this.refuse(socket, isCodedError(error) ? error.code : 'internal_error', nodeId);
  }

  /** Says why, then closes. The code of the refusal also travels as the close reason. */
  private refuse(socket: WebSocket, code: ErrorCode, nodeId = this.connections.get(socket)?.session?.nodeId): void {
    const connection = this.connections.get(socket);
    if (!connection || connection.phase === 'closed') return;
    if (connection.phase !== 'live') this.say(socket, { type: 'auth_error', code });
    this.refused.inc({ code });
    const told = { connection_id: connection.id, code, node_id: nodeId, address: connection.peer.remoteAddress };
    this.log[ERRORS[code].severity === 'critical' ? 'warn' : 'info'](told, 'node refused');
    connection.cancelDeadline();
    connection.phase = 'closed';
    this.strangers.delete(socket);
    socket.close(closeCodeOf(code), code);
  }

  private track(work: Promise<unknown>): void {
    const tracked = work
      .then(
        () => {},
        () => {},
      )
      .finally(() => this.inFlight.delete(tracked));
    this.inFlight.add(tracked);
  }

  private pingAll(): void {
    for (const [socket, connection] of this.connections) {
      if (!connection.alive) socket.terminate();
      connection.alive = false;
      socket.ping();
    }
  }

  /** Every node is told to come back; a socket that does not answer the goodbye is cut. */
  async beforeApplicationShutdown(): Promise<void> {
    const closing = [...this.connections.keys()].map((socket) => {
      const closed = new Promise<void>((settle) => socket.once('close', () => settle()));
      socket.close(RESTARTING);
      const late = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
      return closed.then(() => clearTimeout(late));
    });
    await Promise.all(closing);
    await this.beats.idle();
    while (this.inFlight.size > 0) await Promise.all(this.inFlight);
  }
}

const nothing = (): void => {};

function closeCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'auth_timeout':
      return CLOSE.authTimeout;
    case 'node_revoked':
      return CLOSE.revoked;
    case 'session_superseded':
      return CLOSE.superseded;
    case 'message_malformed':
    case 'message_unexpected':
      return CLOSE.malformed;
    case 'message_too_large':
      return 1009;
    case 'database_unavailable':
    case 'internal_error':
      return TRY_LATER;
    default:
      return CLOSE.authRefused;
  }
}
