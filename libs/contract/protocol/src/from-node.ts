import { z } from 'zod';
import { attemptState, nodeEvent } from '@tidegate/contract-events';
import { deviceType, sha256 } from '@tidegate/contract-manifest';
import { attemptId, commandId, line, nodeId, nonce, publicKey, registrationToken, signature } from './primitives.ts';

/** What a node says of its host. Names of environment variables only, never values. */
export const facts = z.object({
  name: line(128),
  machine_id: line(64),
  os: line(128),
  arch: line(16),
  kernel: line(64),
  agent_pid: z.int().optional(),
  env_names: z.array(line(128)).max(500).default([]),
  posture: z.record(line(64), z.union([line(256), z.boolean(), z.number()])).default({}),
});
export type Facts = z.infer<typeof facts>;

export const register = z.object({
  type: z.literal('register'),
  protocol: z.int(),
  token: registrationToken,
  public_key: publicKey,
  device_type: deviceType,
  facts,
});

export const auth = z.object({
  type: z.literal('auth'),
  protocol: z.int(),
  node_id: nodeId,
  nonce,
  signature,
  /** `probe` proves that the manager answers and accepts the key, without taking the node's session over. */
  intent: z.enum(['session', 'probe']),
  run_id: z.uuid(),
  boot_id: line(64),
  machine_id: line(64),
  software_version: line(64),
  /** Nodes in trial are admitted first. */
  in_trial: z.boolean(),
  facts: facts.optional(),
});

const attempt = z.object({
  id: attemptId,
  command_id: commandId.nullable(),
  kind: z.enum(['upgrade', 'return']),
  state: attemptState,
  from_version: line(64),
  to_version: line(64),
  /** While fetching: received and total bytes. */
  received_bytes: z.int().min(0).optional(),
  total_bytes: z.int().min(0).optional(),
  error_code: line(64).optional(),
});
export type AttemptReport = z.infer<typeof attempt>;

export const health = z.object({
  type: z.literal('health'),
  /** Counts up within a run; the acknowledgement names it. */
  beat: z.int().min(1),
  run_id: z.uuid(),
  boot_id: line(64),
  uptime_secs: z.number().min(0),
  software_version: line(64),
  committed_version: line(64).nullable(),
  previous_version: line(64).nullable(),
  /** Digest of the manifest of what runs; null for a version that was not installed from a release. */
  manifest_sha256: sha256.nullable(),
  restarts: z.int().min(0),
  checks: z.array(z.object({ id: line(64), ok: z.boolean(), detail: line(200).optional() })).max(32),
  capabilities: z.array(line(64)).max(64),
  attempt: attempt.nullable(),
  trial: z.object({ attempt: attemptId }).nullable(),
  guard_version: line(32).nullable(),
  unit_version: line(32).nullable(),
  trust_fingerprint: sha256,
  trust_purpose: z.enum(['release', 'demo', 'test']),
  /** Highest signed sequence this node has verified: shows nodes that are shut off from newer statements. */
  highest_sequence: z.int().min(0),
  version_floor: line(64).nullable(),
  disk: z.object({ free_bytes: z.int().min(0), total_bytes: z.int().min(0) }),
});
export type Health = z.infer<typeof health>;

export const event = z.object({ type: z.literal('event'), event: nodeEvent });

export const commandAck = z.discriminatedUnion('accepted', [
  /** Received and durable, not done. */
  z.object({ type: z.literal('command_ack'), id: commandId, accepted: z.literal(true), attempt_id: attemptId.nullable() }),
  z.object({
    type: z.literal('command_ack'),
    id: commandId,
    accepted: z.literal(false),
    error_code: line(64),
    details: z.record(z.string().max(64), z.union([line(500), z.number(), z.boolean(), z.null()])).default({}),
  }),
]);
export type CommandAck = z.infer<typeof commandAck>;

/** A new key for this node, proved by both: the old one says that this node wants it, the new one that the node has it. */
export const keyOffer = z.object({
  type: z.literal('key_offer'),
  command_id: commandId,
  public_key: publicKey,
  /** Over `keyPayload`, by the key of this session. */
  signature,
  /** Over the same, by the offered key. */
  proof: signature,
});

export const fromNode = z.union([register, auth, health, event, commandAck, keyOffer]);
export type KeyOffer = z.infer<typeof keyOffer>;
export type FromNode = z.infer<typeof fromNode>;
export type Register = z.infer<typeof register>;
export type Auth = z.infer<typeof auth>;
