import { Injectable } from '@nestjs/common';
import type { NodeEvent } from '@tidegate/contract-events';
import type { CommandAck, FromManager, Health } from '@tidegate/contract-protocol';
import type { WebSocket } from 'ws';

/** A node that has proved who it is, on the one socket that counts. */
export interface LiveSession {
  readonly nodeId: string;
  readonly groupId: string;
  readonly epoch: number;
  /** The key it was opened with, when that was the node's next one; it becomes the only one with the first beat. */
  readonly nextKey?: string;
  /** Of a key change that the node is to be asked for. */
  readonly keyRotationId?: string;
}

/** How replicas tell each other of a new session: `<node id>/<epoch>`. */
export const sessionNotice = {
  write: (nodeId: string, epoch: number): string => `${nodeId}/${epoch}`,
  read: (text: string): { nodeId: string; epoch: number } => {
    const [nodeId = '', epoch] = text.split('/', 2);
    return { nodeId, epoch: Number(epoch) };
  },
};

/** What the features above are told. A rejected promise closes the connection; the node comes back and says it again. */
export interface NodeLinkListener {
  opened?(session: LiveSession): Promise<void>;
  /** Not of a beat that says what the last one said. Returns nothing when there is nothing to wait for. */
  beat?(session: LiveSession, health: Health): Promise<void> | undefined;
  /** Settles when the event is stored; only then it is acknowledged. */
  event?(session: LiveSession, event: NodeEvent): Promise<void>;
  commandAck?(session: LiveSession, ack: CommandAck): Promise<void>;
}

/** The nodes connected to this process. A cache of the rows: whoever needs to know whether a node exists asks the database. */
@Injectable()
export class NodeLink {
  private readonly live = new Map<string, { session: LiveSession; socket: WebSocket }>();
  private readonly listeners: NodeLinkListener[] = [];

  listen(listener: NodeLinkListener): void {
    this.listeners.push(listener);
  }

  /** Settles when every listener is done; rejects with the first that could not be. */
  async tell(act: (listener: NodeLinkListener) => Promise<void> | undefined): Promise<void> {
    const works: Promise<void>[] = [];
    for (const listener of this.listeners) {
      const work = act(listener);
      if (work) works.push(work);
    }
    await Promise.all(works);
  }

  tellOfBeat(session: LiveSession, health: Health): Promise<unknown> | undefined {
    let works: Promise<void>[] | undefined;
    for (const listener of this.listeners) {
      const work = listener.beat?.(session, health);
      if (work) (works ??= []).push(work);
    }
    return works && Promise.all(works);
  }

  get size(): number {
    return this.live.size;
  }

  sessionOf(nodeId: string): LiveSession | undefined {
    return this.live.get(nodeId)?.session;
  }

  /** Says nothing when the session is over; what is durable is sent when the node comes back. */
  send(session: LiveSession, message: FromManager): void {
    this.sendText(session, JSON.stringify(message));
  }

  /** @param text a message of the wire, written already */
  sendText(session: LiveSession, text: string): void {
    const entry = this.live.get(session.nodeId);
    if (entry?.session.epoch === session.epoch) entry.socket.send(text);
  }

  /** @returns the socket that lost, which may be the given one: two may authenticate at once, the higher epoch wins. */
  enter(session: LiveSession, socket: WebSocket): WebSocket | undefined {
    const held = this.live.get(session.nodeId);
    if (held && held.session.epoch > session.epoch) return socket;
    this.live.set(session.nodeId, { session, socket });
    return held?.socket;
  }

  get sessions(): LiveSession[] {
    return [...this.live.values()].map(({ session }) => session);
  }

  holds(session: LiveSession): boolean {
    return this.live.get(session.nodeId)?.session.epoch === session.epoch;
  }

  /** @returns the socket of an older session than the given one, if there is one here. */
  olderThan(nodeId: string, epoch: number): WebSocket | undefined {
    const held = this.live.get(nodeId);
    return held && held.session.epoch < epoch ? held.socket : undefined;
  }

  end(session: LiveSession, closeCode: number, reason: string): void {
    const entry = this.live.get(session.nodeId);
    if (entry?.session.epoch === session.epoch) entry.socket.close(closeCode, reason);
  }

  leave(session: LiveSession): void {
    if (this.holds(session)) this.live.delete(session.nodeId);
  }
}
