import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.ts';
import { DiscoveryModule } from '../discovery/index.ts';
import { ReleasesModule } from '../releases/index.ts';
import { UpgradesModule } from '../upgrades/index.ts';
import { Provenance } from './provenance.ts';
import { Reconciler } from './reconciler.ts';
import { RolloutActs } from './rollout-acts.ts';
import { RolloutEffects } from './rollout-effects.ts';
import { RolloutFacts } from './rollout-facts.ts';
import { RolloutJournal } from './rollout-journal.ts';
import { RolloutPass } from './rollout-pass.ts';
import { RolloutPlanner } from './rollout-planner.ts';
import { RolloutReader } from './rollout-reader.ts';
import { RolloutReturning } from './rollout-returning.ts';
import { RolloutsController } from './rollouts.controller.ts';

@Module({
  imports: [AuthModule, DiscoveryModule, ReleasesModule, UpgradesModule],
  controllers: [RolloutsController],
  providers: [
    Provenance,
    RolloutReturning,
    RolloutFacts,
    RolloutEffects,
    RolloutJournal,
    RolloutPass,
    RolloutReader,
    RolloutActs,
    RolloutPlanner,
    Reconciler,
  ],
})
export class RolloutsModule {}

export { rolloutsPersistence } from './persistence/index.ts';
