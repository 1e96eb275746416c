import { rolloutStrategy, type RolloutStrategy, type RolloutStrategyInput } from '@tidegate/contract-api';
import { secondsText, thresholdText, waveSizeText } from './rollout-text.ts';

/** A strategy as it is typed. Texts, so that what is half typed stays as it is; the grammar is the one of the command line. */
export interface StrategyDraft {
  readonly kind: RolloutStrategy['kind'];
  /** `10%, 50%, 100%` or `1, 20`. */
  readonly waves: string;
  /** `90s`, `5m`, `12h`, `3d`. */
  readonly settle: string;
  /** A number, or a share such as `5%`. */
  readonly threshold: string;
  /** Counts for a share only. */
  readonly minSample: string;
  readonly offline: RolloutStrategy['offline'];
  /** Empty: a whole wave. */
  readonly maxInFlight: string;
  readonly nodeTimeout: string;
  readonly catchUp: string;
  readonly approval: RolloutStrategy['approval'];
  readonly secondPerson: boolean;
  readonly autoRollback: boolean;
  /** ISO. */
  readonly startAt: string | undefined;
  /** Labels of nodes that go first; empty: none. */
  readonly canaryLabels: string;
  readonly note: string;
}

const draftOf = (strategy: RolloutStrategy): StrategyDraft => ({
  kind: strategy.kind,
  waves: strategy.waves.map(waveSizeText).join(', '),
  settle: secondsText(strategy.settle_secs),
  threshold: thresholdText(strategy.failure_threshold),
  minSample: String(strategy.failure_threshold.min_sample),
  offline: strategy.offline,
  maxInFlight: strategy.max_in_flight === null ? '' : String(strategy.max_in_flight),
  nodeTimeout: secondsText(strategy.node_timeout_secs),
  catchUp: secondsText(strategy.catch_up_secs),
  approval: strategy.approval,
  secondPerson: strategy.second_person,
  autoRollback: strategy.auto_rollback,
  startAt: strategy.start_at ?? undefined,
  canaryLabels: strategy.order.canary_selector ?? '',
  note: strategy.note,
});
/** What the manager does by itself: one place has the defaults, and that is the contract. */
export const NEW_DRAFT: StrategyDraft = draftOf(rolloutStrategy.parse({}));

const SECS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
/** What cannot be read becomes NaN, which every number of the contract refuses: never a default in its place. */
const number = (text: string): number => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN);
const share = (text: string): number => {
  const [, percent] = /^\s*(\d{1,3}(?:\.\d{1,4})?)\s*%\s*$/.exec(text) ?? [];
  return percent === undefined ? Number.NaN : Number(percent) / 100;
};
const seconds = (text: string): number => {
  const [, count, unit] = /^\s*(\d{1,9})\s*([smhd])\s*$/.exec(text) ?? [];
  return count === undefined ? Number.NaN : Number(count) * SECS[unit as keyof typeof SECS];
};
export const isShare = (text: string): boolean => text.includes('%');
const waveSize = (text: string) => (isShare(text) ? { share: share(text) } : { count: number(text) });

const typed = (draft: StrategyDraft): unknown => ({
  kind: draft.kind,
  ...(draft.kind === 'staged' && { waves: draft.waves.split(',').map(waveSize) }),
  settle_secs: seconds(draft.settle),
  failure_threshold: isShare(draft.threshold)
    ? { max_share: share(draft.threshold), min_sample: number(draft.minSample) }
    : { max_failures: number(draft.threshold) },
  offline: draft.offline,
  max_in_flight: draft.maxInFlight.trim() === '' ? null : number(draft.maxInFlight),
  node_timeout_secs: seconds(draft.nodeTimeout),
  catch_up_secs: seconds(draft.catchUp),
  order: { canary_selector: draft.canaryLabels.trim() === '' ? null : draft.canaryLabels.trim() },
  start_at: draft.startAt ?? null,
  approval: draft.approval,
  second_person: draft.approval !== 'none' && draft.secondPerson,
  auto_rollback: draft.autoRollback,
  note: draft.note.trim(),
});

type Field = keyof StrategyDraft;
const LENGTH = 'A number and its unit, such as 90s, 5m or 12h.';
const FAULTS: Readonly<Record<string, readonly [Field, string]>> = {
  waves: ['waves', 'Shares or numbers that grow, such as 10%, 50%, 100% or 1, 20.'],
  settle_secs: ['settle', LENGTH],
  'failure_threshold.max_failures': ['threshold', 'A number such as 0, or a share such as 5%.'],
  'failure_threshold.max_share': ['threshold', 'A share below 100%, such as 5%.'],
  'failure_threshold.min_sample': ['minSample', 'At least 1.'],
  max_in_flight: ['maxInFlight', 'At least 1; empty for a whole wave.'],
  node_timeout_secs: ['nodeTimeout', `${LENGTH} At least 5s.`],
  catch_up_secs: ['catchUp', LENGTH],
  'order.canary_selector': ['canaryLabels', 'Labels such as site=bern, canary.'],
  note: ['note', 'One line of at most 500 characters.'],
};

export interface ReadDraft {
  /** Null when some field cannot be used. */
  readonly strategy: RolloutStrategyInput | null;
  readonly faults: Readonly<Partial<Record<Field, string>>>;
}
/** Checked by the contract itself, so that what the page lets through the manager does not refuse for its form. */
export const readDraft = (draft: StrategyDraft): ReadDraft => {
  const parsed = rolloutStrategy.safeParse(typed(draft));
  if (parsed.success) return { strategy: parsed.data, faults: {} };
  const faults: Partial<Record<Field, string>> = {};
  for (const { path } of parsed.error.issues) {
    const fault = FAULTS[path.slice(0, 2).join('.')] ?? FAULTS[String(path[0])];
    if (fault) faults[fault[0]] = fault[1];
  }
  return { strategy: null, faults };
};
