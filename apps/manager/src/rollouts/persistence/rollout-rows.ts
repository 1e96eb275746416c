import { rolloutStrategy, type RolloutPhase, type RolloutPins, type RolloutReason, type Wait } from '@tidegate/contract-api';
import type { RolloutRecord } from '../rollout-record.ts';

export interface RolloutRow {
  readonly id: string;
  readonly group_id: string;
  readonly device_type: string;
  readonly version: string;
  readonly channel: string;
  readonly strategy: unknown;
  readonly phase: RolloutPhase;
  readonly reason: RolloutReason;
  readonly waits_for: Wait;
  readonly wave: number;
  readonly waves: number;
  readonly settle_until: Date | null;
  readonly catch_up_until: Date | null;
  readonly acknowledged: readonly number[];
  readonly approved: readonly number[];
  readonly manifest_sha256: string;
  readonly source_revision: string | null;
  readonly tag_commit: string | null;
  readonly provenance: RolloutPins['provenance'];
  readonly created_by: string;
  readonly created_by_id: string;
  readonly created_at: Date;
  readonly changed_at: Date;
  readonly ended_at: Date | null;
  readonly look_at: Date | null;
  readonly fence: string;
}

export const recordOf = (row: RolloutRow): RolloutRecord => ({
  id: row.id,
  groupId: row.group_id,
  deviceType: row.device_type,
  version: row.version,
  channel: row.channel,
  pins: {
    manifest_sha256: row.manifest_sha256,
    source_revision: row.source_revision,
    tag_commit: row.tag_commit,
    provenance: row.provenance,
  },
  rollout: {
    phase: row.phase,
    reason: row.reason,
    wave: row.wave,
    waves: row.waves,
    strategy: rolloutStrategy.parse(row.strategy),
    createdBy: row.created_by_id,
    settleUntilMs: row.settle_until?.getTime() ?? null,
    acknowledged: row.acknowledged,
    approved: row.approved,
    catchUpUntilMs: row.catch_up_until?.getTime() ?? null,
  },
  waitsFor: row.waits_for,
  createdByName: row.created_by,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  endedAt: row.ended_at,
  lookAt: row.look_at,
  fence: Number(row.fence),
});
