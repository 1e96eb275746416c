import type { z } from 'zod';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { fromManager, type FromManager } from './from-manager.ts';
import { fromNode, type FromNode } from './from-node.ts';
import { WIRE } from './limits.ts';

/**
 * Parses one text frame. Refuses with `message_too_large` or `message_malformed` (details name the first field, never the
 * value); never throws. Unknown fields are dropped: the wire grows by addition.
 */
function parse<T>(schema: z.ZodType<T>, text: string): Verdict<T> {
  if (text.length > WIRE.maxPayloadBytes) return refuse('message_too_large', { bytes: text.length });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('message_malformed', { field: '' });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return accept(parsed.data);
  return refuse('message_malformed', { field: parsed.error.issues[0]?.path.join('.') ?? '' });
}

export const parseFromNode = (text: string): Verdict<FromNode> => parse(fromNode, text);
export const parseFromManager = (text: string): Verdict<FromManager> => parse(fromManager, text);
