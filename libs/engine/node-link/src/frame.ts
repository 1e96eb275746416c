import { z } from 'zod';
import type { ErrorCode } from '@tidegate/contract-errors';
import { commandId, parseFromManager, type CommandId, type FromManager } from '@tidegate/contract-protocol';

export type Frame =
  | { readonly kind: 'message'; readonly message: FromManager }
  /** A command of a newer manager: answered by code, so that it is not sent for ever. */
  | { readonly kind: 'unknown_command'; readonly id: CommandId }
  /** A message type of a newer manager: the wire grows by addition, so it is skipped. */
  | { readonly kind: 'unknown_type' }
  | { readonly kind: 'malformed'; readonly code: ErrorCode };

const KNOWN_TYPES = new Set(['hello', 'registered', 'auth_ok', 'auth_error', 'health_ack', 'event_ack', 'command', 'key_accepted']);
const KNOWN_ACTIONS = new Set(['upgrade_binary', 'cancel', 'rotate_key']);
const typed = z.object({ type: z.string().max(64) });
const commandOfAnyKind = z.object({ id: commandId, action: z.object({ kind: z.string().max(64) }) });

/** Reads one text frame; never throws. What is merely newer than this node is told apart from what is broken. */
export function readFrame(text: string): Frame {
  const parsed = parseFromManager(text);
  if (parsed.ok) return { kind: 'message', message: parsed.value };
  if (parsed.code !== 'message_malformed') return { kind: 'malformed', code: parsed.code };
  const json = parseJson(text);
  const { data: header } = typed.safeParse(json);
  if (header && !KNOWN_TYPES.has(header.type)) return { kind: 'unknown_type' };
  const { data: command } = commandOfAnyKind.safeParse(json);
  if (header?.type === 'command' && command && !KNOWN_ACTIONS.has(command.action.kind)) {
    return { kind: 'unknown_command', id: command.id };
  }
  return { kind: 'malformed', code: parsed.code };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
