import { Body, Controller, Param, Query, Res } from '@nestjs/common';
import {
  beginRollout,
  listRollouts,
  listTargets,
  rollBack,
  skipTarget,
  type ListRollouts,
  type ListTargets,
  type RolloutExplanation,
  type RolloutPage,
  type RolloutPlan,
  type RolloutView,
  type TargetPage,
} from '@tidegate/contract-api';
import type { Response } from 'express';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { RolloutActs } from './rollout-acts.ts';
import { RolloutPlanner } from './rollout-planner.ts';
import { RolloutReader } from './rollout-reader.ts';

const rolloutId = entityId('rollout_not_found');

@Controller()
export class RolloutsController {
  constructor(
    private readonly planner: RolloutPlanner,
    private readonly reader: RolloutReader,
    private readonly acts: RolloutActs,
  ) {}

  @Serve('beginRollout')
  async begin(
    @Caller() caller: SignedIn,
    @Param('id', entityId('group_not_found')) groupId: string,
    @Body(against(beginRollout)) body: z.output<typeof beginRollout>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RolloutPlan> {
    const plan = await this.planner.begin(caller, groupId, body);
    if (!plan.rollout) response.status(200);
    return plan;
  }

  @Serve('listRollouts')
  list(@Caller() caller: SignedIn, @Query(against(listRollouts)) query: ListRollouts): Promise<RolloutPage> {
    return this.reader.list(caller, query);
  }

  @Serve('readRollout')
  read(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.reader.read(caller, id);
  }

  @Serve('listRolloutTargets')
  targets(
    @Caller() caller: SignedIn,
    @Param('id', rolloutId) id: string,
    @Query(against(listTargets)) query: ListTargets,
  ): Promise<TargetPage> {
    return this.reader.targets(caller, id, query);
  }

  @Serve('explainRollout')
  explain(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutExplanation> {
    return this.reader.explain(caller, id);
  }

  @Serve('pauseRollout')
  pause(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'pause');
  }

  @Serve('resumeRollout')
  resume(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'resume');
  }

  @Serve('retryRollout')
  retry(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'retry');
  }

  @Serve('skipRolloutNode')
  skip(
    @Caller() caller: SignedIn,
    @Param('id', rolloutId) id: string,
    @Body(against(skipTarget)) body: z.output<typeof skipTarget>,
  ): Promise<RolloutView> {
    return this.acts.skip(caller, id, body.node_id);
  }

  @Serve('approveRollout')
  approve(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'approve');
  }

  @Serve('promoteRollout')
  promote(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'promote');
  }

  @Serve('rollBackRollout')
  rollBack(
    @Caller() caller: SignedIn,
    @Param('id', rolloutId) id: string,
    @Body(against(rollBack)) body: z.output<typeof rollBack>,
  ): Promise<RolloutView> {
    return this.acts.perform(caller, id, body.scope === 'wave' ? 'roll_back_wave' : 'roll_back');
  }

  @Serve('abortRollout')
  abort(@Caller() caller: SignedIn, @Param('id', rolloutId) id: string): Promise<RolloutView> {
    return this.acts.perform(caller, id, 'abort');
  }
}
