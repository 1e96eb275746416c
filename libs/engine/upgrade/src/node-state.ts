/**
 * What a node remembers over restarts, reverts and versions: `state.json`. It lives outside the versions, so that an older
 * version that was reverted to does not take a command again. Readable by the version before: fields are only added, unknown
 * ones are kept, and a field of a newer version must not be needed to be right.
 */
import { z } from 'zod';
import { attemptState, EVENT_NAMES } from '@tidegate/contract-events';
import { channel, releaseVersion, sha256 } from '@tidegate/contract-manifest';
import { attemptId, commandAck, commandId } from '@tidegate/contract-protocol';

export const HISTORY_LENGTH = 50;
export const EXECUTED_COMMANDS = 200;

const details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]));

export const attemptRecord = z.looseObject({
  id: attemptId,
  commandId: commandId.nullable(),
  kind: z.enum(['upgrade', 'return']),
  state: attemptState,
  fromVersion: releaseVersion,
  toVersion: releaseVersion,
  channel,
  expectedDigest: sha256.nullable(),
  retrySkipped: z.boolean(),
  /** Known after verification. */
  digest: sha256.nullable(),
  signer: z.string().nullable(),
  /** When it was accepted, on both clocks: time to live counts from here. */
  acceptedAt: z.string(),
  acceptedBootId: z.string(),
  acceptedUptimeSecs: z.number(),
  ttlSecs: z.number(),
  steps: z.array(z.object({ state: attemptState, at: z.string(), uptimeSecs: z.number() })),
  errorCode: z.string().nullable(),
  errorDetails: details,
  finishedAt: z.string().nullable(),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;

const pendingEvent = z.object({ name: z.enum(EVENT_NAMES), severity: z.enum(['info', 'warning', 'critical']), details });

export const nodeState = z.looseObject({
  schema: z.literal(1),
  attempt: attemptRecord.nullable(),
  /** Newest first. */
  history: z.array(attemptRecord),
  executedCommands: z.array(z.object({ id: commandId, ack: commandAck })),
  floor: z.object({ version: releaseVersion, sequence: z.number() }).nullable(),
  revoked: z.array(sha256),
  statements: z.record(z.string(), z.object({ digest: sha256, sequence: z.number() })),
  highestCommitted: releaseVersion.nullable(),
  highestSequence: z.number(),
  skipList: z.array(z.object({ digest: sha256, version: releaseVersion, reason: z.string(), retries: z.number() })),
  /** Events of a state that was saved but not yet spooled: a crash between the two must not lose them. */
  outbox: z.array(pendingEvent),
});
export type NodeState = z.infer<typeof nodeState>;

export const emptyState = (): NodeState => ({
  schema: 1,
  attempt: null,
  history: [],
  executedCommands: [],
  floor: null,
  revoked: [],
  statements: {},
  highestCommitted: null,
  highestSequence: 0,
  skipList: [],
  outbox: [],
});
