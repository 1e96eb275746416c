import type { FromManager, FromNode } from '@tidegate/contract-protocol';
import type { Closed, ConnectionEvents, Transport } from '../ports/transport.ts';

export interface FakeConnection {
  readonly url: string;
  readonly sent: readonly FromNode[];
  /** How the node closed it; null while it is open. */
  readonly closedByNode: { readonly code: number; readonly reason: string } | null;
  readonly ended: boolean;
  deliver(message: FromManager): void;
  deliverText(text: string): void;
  /** The peer closes, or the line breaks (1006). */
  end(closed?: Closed): void;
}

export interface FakeTransport extends Transport {
  readonly connections: readonly FakeConnection[];
  /** The newest; throws when there is none. */
  latest(): FakeConnection;
}

export function createFakeTransport(): FakeTransport {
  const connections: FakeConnection[] = [];
  return {
    connections,
    latest() {
      const newest = connections.at(-1);
      if (!newest) throw new Error('nobody has connected');
      return newest;
    },
    connect(url, events) {
      const { connection, fake } = connect(url, events);
      connections.push(fake);
      return connection;
    },
  };
}

function connect(url: string, events: ConnectionEvents) {
  const sent: FromNode[] = [];
  let closedByNode: FakeConnection['closedByNode'] = null;
  let ended = false;
  const end = (closed: Closed): void => {
    if (ended) return;
    ended = true;
    events.closed(closed);
  };
  const fake: FakeConnection = {
    url,
    sent,
    get closedByNode() {
      return closedByNode;
    },
    get ended() {
      return ended;
    },
    deliver: (message) => fake.deliverText(JSON.stringify(message)),
    deliverText(text) {
      if (!ended && closedByNode === null) events.received(text);
    },
    end: (closed = { code: 1006, reason: '' }) => end(closed),
  };
  const connection = {
    send(text: string) {
      if (!ended && closedByNode === null) sent.push(JSON.parse(text) as FromNode);
    },
    close(code: number, reason: string) {
      if (ended || closedByNode !== null) return;
      closedByNode = { code, reason };
      setImmediate(() => end({ code, reason }));
    },
  };
  return { connection, fake };
}
