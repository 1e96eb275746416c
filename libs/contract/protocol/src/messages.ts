import type { z } from 'zod';
import { authError, authOk, command, eventAck, healthAck, hello, keyAccepted, registered } from './from-manager.ts';
import { auth, commandAck, event, health, keyOffer, register } from './from-node.ts';

interface MessageEntry {
  readonly schema: z.ZodType;
  readonly direction: 'node -> manager' | 'manager -> node';
  readonly doc: string;
}

/** Every message of the wire, in the order a connection meets them. The docs page is generated from this. */
export const MESSAGES = {
  hello: { schema: hello, direction: 'manager -> node', doc: 'First frame of every connection: the challenge.' },
  register: {
    schema: register,
    direction: 'node -> manager',
    doc: 'Enrols a new node with a one-time token; answered by registered or auth_error.',
  },
  registered: {
    schema: registered,
    direction: 'manager -> node',
    doc: 'The node’s id and the manager’s id to pin; the node goes on with auth on the same connection.',
  },
  auth: { schema: auth, direction: 'node -> manager', doc: 'Proves possession of the node’s key over both nonces.' },
  auth_ok: { schema: authOk, direction: 'manager -> node', doc: 'The session is live; carries the settings a manager may set.' },
  auth_error: { schema: authError, direction: 'manager -> node', doc: 'A coded refusal; the connection is closed after it.' },
  health: { schema: health, direction: 'node -> manager', doc: 'The beat: what runs, what it can do, how it is.' },
  health_ack: { schema: healthAck, direction: 'manager -> node', doc: 'The beat arrived; a candidate’s testimony needs it.' },
  event: { schema: event, direction: 'node -> manager', doc: 'One event from the spool, in order.' },
  event_ack: { schema: eventAck, direction: 'manager -> node', doc: 'Stored up to and including this number; the node may forget them.' },
  command: { schema: command, direction: 'manager -> node', doc: 'Something to do, with an id and a time to live; may arrive twice.' },
  key_offer: {
    schema: keyOffer,
    direction: 'node -> manager',
    doc: 'A new key of the node, signed with the old and the new one; answers the command rotate_key.',
  },
  key_accepted: {
    schema: keyAccepted,
    direction: 'manager -> node',
    doc: 'The new key is stored; the node connects anew with it, and the old one ends with the first beat of that session.',
  },
  command_ack: { schema: commandAck, direction: 'node -> manager', doc: 'Accepted (durable, not done) or a coded refusal.' },
} as const satisfies Record<string, MessageEntry>;
