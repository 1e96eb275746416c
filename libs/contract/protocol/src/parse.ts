import type { z } from 'zod';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { fromManager, type FromManager } from './from-manager.ts';
import { auth, commandAck, event, fromNode, health, keyOffer, register, type FromNode } from './from-node.ts';
import { WIRE } from './limits.ts';

/**
 * Parses one text frame. Refuses with `message_too_large` or `message_malformed` (details name the first field, never the
 * value); never throws. Unknown fields are dropped: the wire grows by addition.
 */
function parse<T>(schemaOf: (json: unknown) => z.ZodType<T>, text: string): Verdict<T> {
  if (text.length > WIRE.maxPayloadBytes) return refuse('message_too_large', { bytes: text.length });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('message_malformed', { field: '' });
  }
  const parsed = schemaOf(json).safeParse(json);
  if (parsed.success) return accept(parsed.data);
  return refuse('message_malformed', { field: parsed.error.issues[0]?.path.join('.') ?? '' });
}

/** By its type: the union tries one after the other, and makes a list of everything that is wrong with each that it is not. */
function schemaOfNode(json: unknown): z.ZodType<FromNode> {
  switch ((json as { readonly type?: unknown } | null)?.type) {
    case 'register':
      return register;
    case 'auth':
      return auth;
    case 'health':
      return health;
    case 'event':
      return event;
    case 'command_ack':
      return commandAck;
    case 'key_offer':
      return keyOffer;
    default:
      return fromNode;
  }
}

export const parseFromNode = (text: string): Verdict<FromNode> => parse(schemaOfNode, text);
export const parseFromManager = (text: string): Verdict<FromManager> => parse(() => fromManager, text);
