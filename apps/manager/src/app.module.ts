import { Module, type DynamicModule } from '@nestjs/common';
import { AuditModule, auditPersistence } from './audit/index.ts';
import { AuditReviewModule } from './audit-review/index.ts';
import { AuthModule, authPersistence } from './auth/index.ts';
import { DiscoveryModule, discoveryPersistence } from './discovery/index.ts';
import { EventLogModule, eventLogPersistence } from './event-log/index.ts';
import { EventsModule } from './events/index.ts';
import { idempotencyPersistence, IdempotencyModule } from './idempotency/index.ts';
import { FleetModule } from './fleet/index.ts';
import { MetricsModule } from './metrics/index.ts';
import { NodesModule, nodesPersistence } from './nodes/index.ts';
import { PlatformModule, platformPersistence, type PlatformParts } from './platform/index.ts';
import { ReleasesModule, releasesPersistence } from './releases/index.ts';
import { RolloutsModule, rolloutsPersistence } from './rollouts/index.ts';
import { SequenceModule, sequencePersistence } from './sequence/index.ts';
import { SiemModule } from './siem/index.ts';
import { UpgradesModule, upgradesPersistence } from './upgrades/index.ts';

export const PERSISTENCE = [
  platformPersistence,
  idempotencyPersistence,
  authPersistence,
  auditPersistence,
  nodesPersistence,
  sequencePersistence,
  eventLogPersistence,
  discoveryPersistence,
  releasesPersistence,
  upgradesPersistence,
  rolloutsPersistence,
];
const FEATURES = [
  IdempotencyModule,
  SequenceModule,
  EventLogModule,
  AuditModule,
  AuthModule,
  NodesModule,
  EventsModule,
  ReleasesModule,
  DiscoveryModule,
  UpgradesModule,
  RolloutsModule,
  FleetModule,
  AuditReviewModule,
  SiemModule,
  MetricsModule,
];

@Module({})
export class AppModule {
  static with(parts: PlatformParts): DynamicModule {
    return { module: AppModule, imports: [PlatformModule.with(parts, PERSISTENCE), ...FEATURES] };
  }
}
