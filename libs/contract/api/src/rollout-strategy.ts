import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';
import { labelKey, labelSelector } from './labels.ts';

/** A cumulative part of the nodes that can be upgraded: a share of them, or a number. */
export const waveSize = z.union([
  z.strictObject({ share: z.number().gt(0).max(1) }),
  z.strictObject({ count: z.int().min(1).max(1_000_000) }),
]);
export type WaveSize = z.infer<typeof waveSize>;

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;
const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
};

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** From `from` to before `to` on the named days, by the clocks of a place; `to` at or before `from` ends on the next day. */
export const maintenanceWindow = z.strictObject({
  days: z.array(z.enum(WEEKDAYS)).min(1).max(7),
  from: z.string().regex(TIME_OF_DAY),
  to: z.string().regex(TIME_OF_DAY),
  /** IANA name, such as Europe/Rome. */
  time_zone: z.string().max(64).refine(isTimeZone, 'no IANA time zone'),
});
export type MaintenanceWindow = z.infer<typeof maintenanceWindow>;

/** Text, where the schema of selectors yields their terms: what is stored must pass the same schema when it is read again. */
const selectorText = z
  .string()
  .max(1000)
  .refine((text) => labelSelector.safeParse(text).success, 'no label selector');

const ascending = (sizes: readonly WaveSize[]): boolean =>
  sizes.every((size, index) => {
    const before = sizes[index - 1];
    if (before === undefined) return true;
    if ('share' in size && 'share' in before) return size.share > before.share;
    if ('count' in size && 'count' in before) return size.count > before.count;
    return true;
  });

const STAGED: WaveSize[] = [{ share: 0.1 }, { share: 0.5 }, { share: 1 }];

/** How a rollout goes about it. Every number has a default; a value that cannot be read is refused, never taken for "no limit". */
export const rolloutStrategy = z.strictObject({
  /** `immediate` is one wave of everybody. */
  kind: z.enum(['staged', 'immediate']).default('staged'),
  waves: z.array(waveSize).min(1).max(20).refine(ascending, 'waves must grow').default(STAGED),
  settle_secs: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(300),
  /** Nodes at work at one time; null: a whole wave. */
  max_in_flight: z.int().min(1).max(100_000).nullable().default(null),
  /** From dispatch to the node's verdict, counted while the manager is there. */
  node_timeout_secs: z
    .int()
    .min(5)
    .max(30 * 86_400)
    .default(900),
  /** Halts above it. The default halts on any failure. */
  failure_threshold: z
    .strictObject({
      max_failures: z.int().min(0).max(1_000_000).default(0),
      /** Instead of a number: the share of a wave's verdicts that may be failures, once `min_sample` nodes have one. */
      max_share: z.number().min(0).lt(1).nullable().default(null),
      min_sample: z.int().min(1).max(1_000_000).default(1),
    })
    .prefault({}),
  offline: z.enum(['wait', 'skip', 'fail']).default('skip'),
  /** Nodes that were offline, or joined the group, are still upgraded this long after completion. */
  catch_up_secs: z
    .int()
    .min(0)
    .max(365 * 86_400)
    .default(86_400),
  order: z
    .strictObject({
      /** These are the first wave, with whatever it lacks filled up. */
      canaries: z.array(z.uuid()).max(1000).default([]),
      /** A label selector: these too. Kept as text; a planner parses it. */
      canary_selector: selectorText.nullable().default(null),
      /** Nodes with this label go in the order of its values; the others after them. */
      by_label: labelKey.nullable().default(null),
      /** Every wave gets its part of each kind. `site` is the label of that name. */
      spread: z
        .array(z.enum(['os', 'arch', 'site', 'version']))
        .max(4)
        .default([]),
    })
    .prefault({}),
  start_at: z.iso.datetime({ offset: true }).nullable().default(null),
  /** Nodes are sent off within these only; none: at any time. */
  windows: z.array(maintenanceWindow).max(20).default([]),
  approval: z.enum(['none', 'after_canary', 'every_wave']).default('none'),
  /** Whoever approves must be another person than who made the rollout. */
  second_person: z.boolean().default(false),
  /** A halt by failures sends the nodes of this rollout back. */
  auto_rollback: z.boolean().default(false),
  /** Every node of a wave resolves, verifies and checks without activating, before the first is activated. */
  preflight: z.boolean().default(false),
  /** The very artefact must have completed a rollout in this group before. */
  source_group: z.uuid().nullable().default(null),
  note: line(500).default(''),
});
export type RolloutStrategy = z.output<typeof rolloutStrategy>;
export type RolloutStrategyInput = z.input<typeof rolloutStrategy>;
