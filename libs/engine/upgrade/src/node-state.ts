/**
 * What a node remembers over restarts, reverts and versions: `state.json`. It lives outside the versions, so that an older
 * version that was reverted to does not take a command again. Readable by the version before: fields are only added, unknown
 * ones are kept, and a field of a newer version must not be needed to be right.
 */
import { z } from 'zod';
import { attemptState } from '@tidegate/contract-events';
import { channel, releaseVersion, sha256 } from '@tidegate/contract-manifest';
import { attemptId, commandAck, commandId } from '@tidegate/contract-protocol';

export const HISTORY_LENGTH = 50;
export const EXECUTED_COMMANDS = 200;

const details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]));

const attemptStep = z.looseObject({
  state: attemptState,
  at: z.string(),
  uptimeSecs: z.number(),
  bootId: z.string().default(''),
  /** Null while it lasts, and when the machine was restarted in it. */
  tookSecs: z.number().nullable().default(null),
});

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
  steps: z.array(attemptStep),
  /** A manager's retry of a skipped release is counted once per attempt, however often that is interrupted. */
  retryCounted: z.boolean().default(false),
  /** The checks as they were just before the activation: only what is worse after it counts. */
  baseline: z.array(z.looseObject({ id: z.string(), ok: z.boolean() })).default([]),
  /** Migrations of this attempt that are done; the node's when it is committed, nobody's when it is taken back. */
  migrationsDone: z.array(z.string()).default([]),
  /** Why the candidate gave up, written down for the version that runs after it. */
  note: z.looseObject({ code: z.string(), details }).nullable().default(null),
  /** A staged release that does not go on by itself: what it waits for. */
  waitsFor: z.enum(['person', 'window']).nullable().default(null),
  /** A person on the node said go: neither `manual_only` nor a window holds it any more. */
  released: z.boolean().default(false),
  errorCode: z.string().nullable(),
  errorDetails: details,
  finishedAt: z.string().nullable(),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;

/** A name that a newer version brought must not cost the one it reverts to its whole memory. */
const pendingEvent = z.object({ name: z.string().max(64), severity: z.enum(['info', 'warning', 'critical']), details });

export const nodeState = z.looseObject({
  schema: z.literal(1),
  attempt: attemptRecord.nullable(),
  /** Newest first. */
  history: z.array(attemptRecord),
  executedCommands: z.array(z.looseObject({ id: commandId, ack: commandAck })),
  floor: z.looseObject({ version: releaseVersion, sequence: z.number() }).nullable(),
  /** The floor's sequence per channel; that of `floor` is the highest of them, for a version that knows no other. */
  floorSequences: z.record(z.string(), z.number()).default({}),
  revoked: z.array(sha256),
  statements: z.record(z.string(), z.looseObject({ digest: sha256, sequence: z.number() })),
  highestCommitted: releaseVersion.nullable(),
  highestSequence: z.number(),
  skipList: z.array(z.looseObject({ digest: sha256, version: releaseVersion, reason: z.string(), retries: z.number() })),
  /** What the node's data went through, so that no migration runs twice and no version gets data it cannot live with. */
  migrations: z.array(z.looseObject({ id: z.string(), version: releaseVersion, reversible: z.boolean() })).default([]),
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
  floorSequences: {},
  revoked: [],
  statements: {},
  highestCommitted: null,
  highestSequence: 0,
  skipList: [],
  migrations: [],
  outbox: [],
});
