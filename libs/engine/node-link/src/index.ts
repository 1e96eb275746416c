export { createNodeLink, type LinkState, type NodeLink, type NodeLinkOptions } from './node-link.ts';
export type { Introduction } from './handshake.ts';
export type { Enrolment, Identity, NodeKey } from './ports/identity.ts';
export type { NewEvent, Spool } from './ports/spool.ts';
export type { Timers } from './ports/timers.ts';
export type { Closed, Connection, ConnectionEvents, Transport } from './ports/transport.ts';
export { probeManager, type ProbeOptions } from './probe.ts';
export type { BeatBody } from './session.ts';
