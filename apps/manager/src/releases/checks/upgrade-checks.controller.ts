import { Body, Controller, Param } from '@nestjs/common';
import { checkUpgrade, checkUpgrades, type UpgradeCheck, type UpgradeChecksPage } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../../auth/index.ts';
import { against, entityId, Serve } from '../../platform/index.ts';
import { CheckRequests } from './check-requests.ts';

@Controller()
export class UpgradeChecksController {
  constructor(private readonly checks: CheckRequests) {}

  @Serve('checkUpgrade')
  one(
    @Caller() caller: SignedIn,
    @Param('id', entityId('node_not_found')) nodeId: string,
    @Body(against(checkUpgrade)) body: z.output<typeof checkUpgrade>,
  ): Promise<UpgradeCheck> {
    return this.checks.one(caller, nodeId, body);
  }

  @Serve('checkUpgrades')
  many(@Caller() caller: SignedIn, @Body(against(checkUpgrades)) body: z.output<typeof checkUpgrades>): Promise<UpgradeChecksPage> {
    return this.checks.many(caller, body);
  }
}
