import { z } from 'zod';
import { channel, releaseVersion, sha256 } from '@tidegate/contract-manifest';
import { commandId, line, nodeId, nonce, publicKey } from './primitives.ts';

export const hello = z.object({
  type: z.literal('hello'),
  nonce,
  manager_id: z.uuid(),
  protocol: z.object({ min: z.int(), max: z.int() }),
});

export const registered = z.object({ type: z.literal('registered'), node_id: nodeId, manager_id: z.uuid() });

/** All a manager can set on a node. Nothing of `upgrade.*` is here, by design. */
export const settings = z.object({
  beat_interval_secs: z.number().min(0.2).max(300),
  spool_max_events: z.int().min(100).max(100_000),
});
export type Settings = z.infer<typeof settings>;

export const authOk = z.object({ type: z.literal('auth_ok'), settings, session_epoch: z.int(), server_time: z.iso.datetime() });
export const authError = z.object({ type: z.literal('auth_error'), code: line(64), retry_after_ms: z.int().min(0).optional() });
export const healthAck = z.object({ type: z.literal('health_ack'), beat: z.int().min(1) });
/** Everything of this spool up to and including `seq` is stored. */
export const eventAck = z.object({ type: z.literal('event_ack'), spool_id: z.uuid(), seq: z.int().min(1) });

export const action = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('upgrade_binary'),
    version: releaseVersion,
    channel,
    /** Pinned by a rollout; holds in addition to the signature. */
    expected_manifest_sha256: sha256.optional(),
    retry_skipped: z.boolean().optional(),
  }),
  /**
   * Back to the version the node has as `previous`, as it lies on its disk; refused when that is another one by now. The node's
   * own policy decides when, as for any other command.
   */
  z.object({ kind: z.literal('return_to_previous'), version: releaseVersion }),
  z.object({ kind: z.literal('cancel'), command_id: commandId }),
  /** Make a new key and offer it (key_offer). Answered by command_ack only when the node will not. */
  z.object({ kind: z.literal('rotate_key') }),
]);
export type Action = z.infer<typeof action>;

export const command = z.object({
  type: z.literal('command'),
  id: commandId,
  node_id: nodeId,
  /** Counts from receipt on the node: its clock may be at 1980. */
  ttl_secs: z
    .int()
    .min(1)
    .max(30 * 86_400),
  action,
});
export type Command = z.infer<typeof command>;

/** The offered key is stored and accepted from now on, beside the old one until the node has beaten with the new one. */
export const keyAccepted = z.object({ type: z.literal('key_accepted'), command_id: commandId, public_key: publicKey });

export const fromManager = z.discriminatedUnion('type', [hello, registered, authOk, authError, healthAck, eventAck, command, keyAccepted]);
export type FromManager = z.infer<typeof fromManager>;
export type Hello = z.infer<typeof hello>;
export type AuthOk = z.infer<typeof authOk>;
