/** The wire's limits; both sides set them. */
export const WIRE = {
  path: '/ws/node',
  /** In the address of a node whose version is on trial, `trial=1`: admitted first where newcomers are many. A hint, not a proof. */
  trialParameter: 'trial',
  subprotocol: 'tidegate.v1',
  protocol: { min: 1, max: 1 },
  /** From a node and from the manager; `ws` would allow 100 MiB. */
  maxPayloadBytes: 64 * 1024,
  authDeadlineMs: 10_000,
  beatIntervalSecs: 15,
  staleAfterSecs: 45,
  offlineAfterSecs: 60,
} as const;

/** WebSocket close codes of our own (4000-4999), beside 1008 (policy), 1009 (too large), 1012 (restarting), 1013 (try later). */
export const CLOSE = {
  authTimeout: 4001,
  authRefused: 4003,
  superseded: 4009,
  malformed: 4022,
  revoked: 4031,
} as const;
