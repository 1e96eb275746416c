/** How a connection ended. `code` is a WebSocket close code; 1006 when it broke or never opened. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
  /** The system's error name (ECONNREFUSED, CERT_HAS_EXPIRED), for people only. */
  readonly cause?: string;
}

export interface ConnectionEvents {
  /** One text frame, whole. Never called before `connect` has returned, nor after `closed`. */
  readonly received: (text: string) => void;
  /** Exactly once per connection, also when it never opened. Never called before `connect` has returned. */
  readonly closed: (closed: Closed) => void;
}

export interface Connection {
  /** Queued in order; dropped silently when the connection is not open. */
  send(text: string): void;
  /** Ends the connection; `closed` follows within a few seconds even when the peer is dead. Safe to call twice. */
  close(code: number, reason: string): void;
}

/**
 * One authenticated-later, framed connection to a manager. A binary frame or one over the wire's limit ends the connection
 * with `CLOSE.malformed` or 1009; nothing a peer sends makes `connect` or a handler throw.
 */
export interface Transport {
  connect(url: string, events: ConnectionEvents): Connection;
}
