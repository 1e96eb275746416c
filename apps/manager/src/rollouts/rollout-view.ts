import type { RolloutCounts, RolloutPlan, RolloutReturns, RolloutView } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import { NO_COUNTS, opensAt, type WavePlan } from '@tidegate/domain-rollout';
import type { NamedCandidate } from './persistence/candidate-records.ts';
import type { ShownRollout } from './persistence/rollout-records.ts';

const MOST_NAMED = 500;
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function sumOf(waves: readonly RolloutCounts[]): RolloutCounts {
  const sum: RolloutCounts = { ...NO_COUNTS, total: 0 };
  for (const wave of waves) for (const key of Object.keys(sum) as (keyof RolloutCounts)[]) sum[key] += wave[key];
  return sum;
}

export function viewOfRollout(
  { record, group }: ShownRollout,
  waves: readonly RolloutCounts[],
  returns: RolloutReturns | null,
): RolloutView {
  const { rollout } = record;
  return {
    id: record.id,
    group_id: record.groupId,
    group,
    device_type: record.deviceType,
    version: record.version,
    channel: record.channel,
    strategy: rollout.strategy,
    phase: rollout.phase,
    reason: rollout.reason,
    waits_for: record.waitsFor,
    wave: rollout.wave,
    waves: [...waves],
    totals: sumOf(waves),
    returns,
    pins: record.pins,
    settle_until: iso(rollout.settleUntilMs),
    catch_up_until: iso(rollout.catchUpUntilMs),
    created_by: record.createdByName,
    created_at: record.createdAt.toISOString(),
    changed_at: record.changedAt.toISOString(),
    ended_at: record.endedAt?.toISOString() ?? null,
  };
}

/** When each wave can begin at the earliest: it opens within a window only, and the one before it has to have settled. */
function earliest(strategy: RolloutView['strategy'], waves: number, nowMs: number): (string | null)[] {
  const times: (string | null)[] = [];
  let from: number | null = Math.max(nowMs, strategy.start_at === null ? nowMs : Date.parse(strategy.start_at));
  for (let wave = 0; wave < waves; wave += 1) {
    const opens: number | null = from === null ? null : opensAt(strategy.windows, from);
    times.push(iso(opens));
    from = opens === null ? null : opens + strategy.settle_secs * 1000;
  }
  return times;
}

/** The two lists of a plan, with names: what people look at before they let it go. */
export function viewOfPlan(
  plan: WavePlan,
  candidates: readonly NamedCandidate[],
  strategy: RolloutView['strategy'],
  nowMs: number,
): Pick<RolloutPlan, 'waves' | 'excluded'> {
  const byId = new Map(candidates.map((node) => [node.id, node]));
  const named = (id: string): { node_id: RolloutPlan['excluded']['nodes'][number]['node_id']; name: string } => ({
    node_id: nodeId.parse(id),
    name: byId.get(id)?.name ?? '',
  });
  const times = earliest(strategy, plan.waves.length, nowMs);
  const byReason: RolloutPlan['excluded']['by_reason'] = {};
  for (const { reason } of plan.excluded) byReason[reason] = (byReason[reason] ?? 0) + 1;
  return {
    waves: plan.waves.map(({ nodeIds }, wave) => ({
      wave,
      count: nodeIds.length,
      nodes: nodeIds.slice(0, MOST_NAMED).map((id) => ({ ...named(id), online: byId.get(id)?.online ?? false })),
      earliest_at: times[wave] ?? null,
    })),
    excluded: {
      count: plan.excluded.length,
      by_reason: byReason,
      nodes: plan.excluded.slice(0, MOST_NAMED).map(({ nodeId: id, reason }) => ({ ...named(id), reason })),
    },
  };
}
