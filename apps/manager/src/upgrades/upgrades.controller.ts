import { Body, Controller, Param, Query, Res } from '@nestjs/common';
import {
  listEvents,
  listUpgrades,
  requestUpgrade,
  returnNode,
  type ListUpgrades,
  type UpgradeCheck,
  type UpgradePage,
  type UpgradeView,
} from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import type { Response } from 'express';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, entityId, Serve } from '../platform/index.ts';
import { UpgradeRequests } from './upgrade-requests.ts';
import { Upgrades } from './upgrades.ts';

/** A version that is none has a code of its own, which scripts know; any other fault of the body is request_invalid. */
const upgradeBody = {
  transform: (value: unknown): z.output<typeof requestUpgrade> => {
    const version = (value as { version?: unknown } | undefined)?.version;
    if (typeof version === 'string' && !releaseVersion.safeParse(version).success) throw new CodedError('upgrade_version_invalid');
    return against(requestUpgrade).transform(value, { type: 'body' });
  },
};

@Controller()
export class UpgradesController {
  constructor(
    private readonly upgrades: Upgrades,
    private readonly requests: UpgradeRequests,
  ) {}

  @Serve('requestUpgrade')
  async request(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) nodeId: string,
    @Body(upgradeBody) body: z.output<typeof requestUpgrade>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UpgradeView | UpgradeCheck> {
    const done = await this.requests.upgrade(caller, nodeId, body);
    if ('upgrade' in done) return done.upgrade;
    response.status(200);
    return done.check;
  }

  @Serve('returnNode')
  goBack(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) nodeId: string,
    @Body(against(returnNode)) body: z.output<typeof returnNode>,
  ): Promise<UpgradeView> {
    return this.requests.goBack(caller, nodeId, body);
  }

  @Serve('listUpgrades')
  listAll(@Caller() caller: SignedIn, @Query(against(listUpgrades)) query: ListUpgrades): Promise<UpgradePage> {
    return this.upgrades.list(caller, query);
  }

  @Serve('listNodeUpgrades')
  list(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) nodeId: string,
    @Query(against(listEvents)) query: z.output<typeof listEvents>,
  ): Promise<UpgradePage> {
    return this.upgrades.listOfNode(caller, nodeId, query);
  }

  @Serve('readUpgrade')
  read(@Caller() caller: SignedIn, @Param('id', entityId('upgrade_not_found')) id: string): Promise<UpgradeView> {
    return this.upgrades.read(caller, id);
  }

  @Serve('cancelUpgrade')
  cancel(@Caller() caller: SignedIn, @Param('id', entityId('upgrade_not_found')) id: string): Promise<UpgradeView> {
    return this.upgrades.cancel(caller, id);
  }
}
