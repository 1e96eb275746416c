import { Module } from '@nestjs/common';
import { EventsModule } from '../events/index.ts';
import { NodesModule } from '../nodes/index.ts';
import { ReleasesModule } from '../releases/index.ts';
import { CommandDispatch } from './command-dispatch.ts';
import { UpgradeTracker } from './upgrade-tracker.ts';
import { UpgradesController } from './upgrades.controller.ts';
import { UpgradeRequests } from './upgrade-requests.ts';
import { UpgradeWaves } from './upgrade-waves.ts';
import { Upgrades } from './upgrades.ts';

@Module({
  imports: [NodesModule, EventsModule, ReleasesModule],
  controllers: [UpgradesController],
  providers: [CommandDispatch, UpgradeTracker, Upgrades, UpgradeRequests, UpgradeWaves],
  exports: [UpgradeWaves],
})
export class UpgradesModule {}

export { upgradesPersistence } from './persistence/index.ts';
export { findUpgrades } from './persistence/upgrade-records.ts';
export { RESPAWNING, type UpgradeRecord } from './upgrade-life.ts';
export { badgeKindOf, badgeOf, viewOfUpgrade } from './upgrade-view.ts';
export { UpgradeWaves, type Wave, type WaveAnswer } from './upgrade-waves.ts';
export type { WaveOrder } from './wave-verdict.ts';
