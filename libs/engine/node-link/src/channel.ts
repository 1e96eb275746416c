import { CLOSE, type CommandId, type FromManager, type FromNode } from '@tidegate/contract-protocol';
import type { Ending } from './backoff.ts';
import { readFrame } from './frame.ts';
import type { Closed, Connection, Transport } from './ports/transport.ts';

export type Incoming =
  | { readonly kind: 'message'; readonly message: FromManager }
  | { readonly kind: 'unknown_command'; readonly id: CommandId }
  | { readonly kind: 'closed'; readonly closed: Closed };

/** A connection as a queue of parsed messages: the handshake and the session read it one after the other. */
export interface Channel {
  /** The next message, in order; once closed, always the close. One reader at a time. */
  next(): Promise<Incoming>;
  send(message: FromNode): void;
  close(code: number, reason: string): void;
  /** Called for every frame that arrives, before it is read: the peer is alive. */
  onTraffic(listener: () => void): void;
}

export const endingOf = ({ code, cause }: Closed): Ending => ({ code: null, closeCode: code, ...(cause !== undefined && { cause }) });

export function openChannel(transport: Transport, url: string): Channel {
  const queue: Incoming[] = [];
  let reader: ((incoming: Incoming) => void) | null = null;
  let end: Incoming | null = null;
  let traffic = (): void => {};

  const push = (incoming: Incoming): void => {
    if (reader === null) {
      queue.push(incoming);
      return;
    }
    const read = reader;
    reader = null;
    read(incoming);
  };
  const received = (text: string): void => {
    if (end) return;
    traffic();
    const frame = readFrame(text);
    if (frame.kind === 'unknown_type') return;
    if (frame.kind === 'malformed') {
      connection.close(CLOSE.malformed, frame.code);
      closed({ code: CLOSE.malformed, reason: frame.code });
      return;
    }
    push(frame);
  };
  const closed = (how: Closed): void => {
    if (end) return;
    end = { kind: 'closed', closed: how };
    push(end);
  };
  const connection: Connection = transport.connect(url, { received, closed });

  return {
    next() {
      const waiting = queue.shift() ?? end;
      if (waiting) return Promise.resolve(waiting);
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    send: (message) => connection.send(JSON.stringify(message)),
    close: (code, reason) => connection.close(code, reason),
    onTraffic(listener) {
      traffic = listener;
    },
  };
}
