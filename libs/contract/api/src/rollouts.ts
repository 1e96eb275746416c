import { z } from 'zod';
import { channel, deviceType, releaseVersion } from '@tidegate/contract-manifest';
import { line, nodeId } from '@tidegate/contract-protocol';
import { rolloutStrategy } from './rollout-strategy.ts';
import { EXCLUSIONS, ROLLOUT_PHASES, ROLLOUT_REASONS, TARGET_STATES, WAITS } from './rollout-words.ts';

const time = z.iso.datetime();
const counted = z.int().min(0);

export const beginRollout = z.strictObject({
  version: releaseVersion,
  channel: channel.default('stable' as z.infer<typeof channel>),
  /** May be left out in a group whose nodes are all of one type. */
  device_type: deviceType.optional(),
  strategy: rolloutStrategy.prefault({}),
  /** Answers with the plan and begins nothing. */
  dry_run: z.boolean().default(false),
  /** Takes the place of a rollout of this group and type that still runs, which otherwise refuses with rollout_active. */
  supersede: z.boolean().default(false),
});
export type BeginRollout = z.input<typeof beginRollout>;

/** Nodes by what became of them. From one view of the database, for every page and every decision. */
export const rolloutCounts = z.object({
  total: counted,
  /** Not sent off yet. */
  pending: counted,
  /** Of the pending: offline nodes that the offline policy waits for. */
  waiting_offline: counted,
  /** `due` and `in_progress`. */
  in_flight: counted,
  committed: counted,
  /** Of the committed: silent since, or with failing checks that they did not have before. */
  lost: counted,
  regressed: counted,
  failed: counted,
  rolled_back: counted,
  refused: counted,
  skipped: counted,
  offline: counted,
  removed: counted,
});
export type RolloutCounts = z.infer<typeof rolloutCounts>;

/** Nodes that were sent back to the version they had. */
const returns = z.object({
  total: counted,
  pending: counted,
  in_progress: counted,
  returned: counted,
  /** Failed, refused, or not there to be told. */
  failed: counted,
});
export type RolloutReturns = z.infer<typeof returns>;

/** What every node of the rollout has to install: exactly this artefact. */
const pins = z.object({
  manifest_sha256: z.string(),
  /** Of the manifest; null when it names none. */
  source_revision: z.string().nullable(),
  /** The commit of the version's tag; null without a git remote. */
  tag_commit: z.string().nullable(),
  /** `verified`: the tag's commit is the manifest's revision. `not_configured`: there is no git remote to ask. */
  provenance: z.enum(['verified', 'not_configured']),
});
export type RolloutPins = z.infer<typeof pins>;

export const rolloutView = z.object({
  id: z.uuid(),
  group_id: z.uuid(),
  group: z.string(),
  device_type: z.string(),
  version: z.string(),
  channel: z.string(),
  strategy: rolloutStrategy,
  phase: z.enum(ROLLOUT_PHASES),
  reason: z.enum(ROLLOUT_REASONS),
  waits_for: z.enum(WAITS),
  /** The current wave, from 0; -1 before the first was opened. */
  wave: z.int(),
  /** By wave. */
  waves: z.array(rolloutCounts),
  totals: rolloutCounts,
  /** Null: it sent nobody back. */
  returns: returns.nullable().default(null),
  pins,
  settle_until: time.nullable(),
  /** Latecomers are upgraded until then; set at completion. */
  catch_up_until: time.nullable(),
  created_by: z.string(),
  created_at: time,
  /** Of the last transition. */
  changed_at: time,
  ended_at: time.nullable(),
});
export type RolloutView = z.infer<typeof rolloutView>;

const planned = z.object({ node_id: nodeId, name: z.string() });
/** Lists name up to 500 nodes each; the counts are of all. */
export const rolloutPlan = z.object({
  /** Null for a dry run. */
  rollout: rolloutView.nullable(),
  device_type: z.string(),
  version: z.string(),
  channel: z.string(),
  pins,
  waves: z.array(
    z.object({
      wave: z.int(),
      count: counted,
      nodes: z.array(planned.extend({ online: z.boolean() })),
      /** When it can begin at the earliest: start time, windows and settling, as if nodes took no time. Null: no window opens. */
      earliest_at: time.nullable(),
    }),
  ),
  excluded: z.object({
    count: counted,
    by_reason: z.partialRecord(z.enum(EXCLUSIONS), counted),
    nodes: z.array(planned.extend({ reason: z.enum(EXCLUSIONS) })),
  }),
});
export type RolloutPlan = z.infer<typeof rolloutPlan>;

const page = { limit: z.coerce.number().int().min(1).max(500).default(100), cursor: z.string().max(500).optional() };
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const listRollouts = z.strictObject({
  group: line(64).min(1).optional(),
  device_type: deviceType.optional(),
  version: line(64).min(1).optional(),
  phase: z.enum(ROLLOUT_PHASES).optional(),
  /** Whether it still runs. */
  running: flag.optional(),
  ...page,
});
export type ListRollouts = z.output<typeof listRollouts>;
export const rolloutPage = z.object({ items: z.array(rolloutView), next_cursor: z.string().nullable() });
export type RolloutPage = z.infer<typeof rolloutPage>;

export const listTargets = z.strictObject({
  wave: z.coerce.number().int().min(0).max(100).optional(),
  state: z.enum(TARGET_STATES).optional(),
  ...page,
});
export type ListTargets = z.output<typeof listTargets>;
export const targetView = z.object({
  node_id: nodeId,
  name: z.string(),
  wave: z.int(),
  state: z.enum(TARGET_STATES),
  /** Of the committed: `lost` is silent since, `regressed` has failing checks it did not have before. */
  health: z.enum(['ok', 'lost', 'regressed']),
  error_code: z.string().nullable(),
  upgrade_id: z.uuid().nullable(),
  changed_at: time,
});
export type TargetView = z.infer<typeof targetView>;
export const targetPage = z.object({ items: z.array(targetView), next_cursor: z.string().nullable() });
export type TargetPage = z.infer<typeof targetPage>;

export const skipTarget = z.strictObject({ node_id: z.uuid() });

/** `wave`: the current wave, and pause; `rollout`: everybody, the last wave first. */
export const rollBack = z.strictObject({ scope: z.enum(['wave', 'rollout']).default('rollout') }).prefault({});

export const rolloutTransition = z.object({
  from: z.enum(ROLLOUT_PHASES).nullable(),
  to: z.enum(ROLLOUT_PHASES),
  reason: z.enum(ROLLOUT_REASONS),
  wave: z.int(),
  /** A user, or `system`. */
  actor: z.string(),
  at: time,
});
export type RolloutTransition = z.infer<typeof rolloutTransition>;

/** Why it is where it is, and what it waits for. */
export const rolloutExplanation = z.object({
  rollout: rolloutView,
  /** One sentence. */
  sentence: z.string(),
  /** When something happens without anybody's doing; null when nodes or a person have to act. */
  until: time.nullable(),
  /** What a person may ask for now. */
  acts: z.array(z.string()),
  /** Up to twenty that it waits for, or that stopped it. */
  nodes: z.array(targetView),
  /** The last hundred, newest first. */
  transitions: z.array(rolloutTransition),
});
export type RolloutExplanation = z.infer<typeof rolloutExplanation>;
