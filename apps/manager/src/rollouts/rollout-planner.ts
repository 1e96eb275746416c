import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { beginRollout, RolloutPlan, RolloutPins, RolloutStrategy } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import { planWaves, type WavePlan } from '@tidegate/domain-rollout';
import type { z } from 'zod';
import type { SignedIn } from '../auth/index.ts';
import { Bus, CLOCK, Database, type Clock } from '../platform/index.ts';
import { UpgradeWaves } from '../upgrades/index.ts';
import { deviceTypesOf, readCandidates, type NamedCandidate } from './persistence/candidate-records.ts';
import * as records from './persistence/rollout-records.ts';
import { insertPlan } from './persistence/target-records.ts';
import { Provenance } from './provenance.ts';
import { authorOf, RolloutActs } from './rollout-acts.ts';
import { RolloutJournal } from './rollout-journal.ts';
import { RolloutReader } from './rollout-reader.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { viewOfPlan } from './rollout-view.ts';

type Request = z.output<typeof beginRollout>;

interface Planned {
  readonly plan: WavePlan;
  readonly candidates: readonly NamedCandidate[];
  readonly deviceType: string;
  readonly pins: RolloutPins;
}

/** Who would be upgraded when, and letting it go. */
@Injectable()
export class RolloutPlanner {
  constructor(
    private readonly database: Database,
    private readonly waves: UpgradeWaves,
    private readonly provenance: Provenance,
    private readonly acts: RolloutActs,
    private readonly journal: RolloutJournal,
    private readonly reader: RolloutReader,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A dry run and what follows it order the nodes alike: the plan that was looked at is the one that is carried out, as long as the
   * nodes are the same.
   * @throws CodedError group_not_found, forbidden, rollout_option_unsupported, upgrade_version_unknown, upgrade_provenance_mismatch,
   *   rollout_empty, rollout_active, request_invalid
   */
  async begin(caller: SignedIn, groupId: string, request: Request): Promise<RolloutPlan> {
    this.admit(caller, groupId, request.strategy);
    const planned = await this.plan(groupId, request);
    const { version, channel } = request;
    const now = this.clock.now();
    const shown = {
      device_type: planned.deviceType,
      version,
      channel,
      pins: planned.pins,
      ...viewOfPlan(planned.plan, planned.candidates, request.strategy, now.getTime()),
    };
    if (request.dry_run) return { rollout: null, ...shown };
    const record = recordOf(caller, groupId, request, planned, now);
    await this.store(caller, record, planned.plan, request.supersede);
    this.bus.publish('rollout', [record.id]);
    return { rollout: await this.reader.read(caller, record.id), ...shown };
  }

  private admit({ principal }: SignedIn, groupId: string, strategy: RolloutStrategy): void {
    if (!may(principal, 'rollout.read', { groupId })) throw new CodedError('group_not_found');
    if (!may(principal, 'rollout.manage', { groupId })) throw new CodedError('forbidden');
    const options = (['preflight'] as const).filter((option) => strategy[option]);
    if (options.length > 0) throw new CodedError('rollout_option_unsupported', { options });
    const { source_group: source } = strategy;
    if (source !== null && !may(principal, 'rollout.read', { groupId: source })) throw new CodedError('group_not_found');
  }

  private async plan(groupId: string, { version, channel, device_type: asked, strategy }: Request): Promise<Planned> {
    const now = this.clock.now();
    const deviceTypes = await this.database.read((em) => deviceTypesOf(em, groupId));
    if (asked === undefined && deviceTypes.length > 1) throw new CodedError('request_invalid', { fields: ['device_type: required'] });
    const deviceType = asked ?? deviceTypes[0];
    if (deviceType === undefined || !deviceTypes.includes(deviceType)) throw new CodedError('rollout_empty', { in_group: 0 });
    const pins = await this.provenance.pin(deviceType, version, channel);
    const candidates = await this.database.read((em) => readCandidates(em, groupId, deviceType, now));
    const known = new Set(candidates.map(({ id }) => id));
    if (strategy.order.canaries.some((id) => !known.has(id)))
      throw new CodedError('request_invalid', { fields: ['strategy.order.canaries: not_in_group'] });
    const plan = planWaves({ rolloutId: `${groupId} ${deviceType} ${pins.manifest_sha256}`, version, channel, strategy }, candidates);
    if (plan.waves.length === 0) {
      throw new CodedError('rollout_empty', { ...viewOfPlan(plan, candidates, strategy, now.getTime()).excluded.by_reason });
    }
    return { plan, candidates, deviceType, pins };
  }

  private async store(caller: SignedIn, record: RolloutRecord, plan: WavePlan, supersede: boolean): Promise<void> {
    const { groupId, deviceType } = record;
    await this.waves.run(async (em, wave) => {
      const active = await records.lockActive(em, groupId, deviceType);
      if (active && !supersede) throw new CodedError('rollout_active', { rollout_id: active.id });
      if (active) await this.acts.supersede(em, wave, active, caller, record.id);
      await records.endCatchUps(em, groupId, deviceType, record.createdAt);
      // Two that come at the same moment both saw none: the database has the last word.
      if (!(await records.insertRollout(em, record))) throw new CodedError('rollout_active');
      await insertPlan(em, record.id, plan, record.createdAt);
      const nodeCount = plan.waves.reduce((sum, { nodeIds }) => sum + nodeIds.length, 0);
      await this.journal.begun(em, record, nodeCount, authorOf(caller));
    });
  }
}

function recordOf(caller: SignedIn, groupId: string, request: Request, { plan, deviceType, pins }: Planned, now: Date): RolloutRecord {
  return {
    id: randomUUID(),
    groupId,
    deviceType,
    version: request.version,
    channel: request.channel,
    pins,
    rollout: {
      phase: 'scheduled',
      reason: 'created',
      wave: -1,
      waves: plan.waves.length,
      strategy: request.strategy,
      createdBy: caller.principal.userId,
      settleUntilMs: null,
      acknowledged: [],
      approved: [],
      catchUpUntilMs: null,
    },
    waitsFor: request.strategy.start_at === null ? 'nothing' : 'start_time',
    createdByName: caller.actor,
    createdAt: now,
    changedAt: now,
    endedAt: null,
    lookAt: null,
    fence: 0,
  };
}
