import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Bus } from './bus/bus.ts';
import { PostgresNotices } from './bus/postgres-notices.ts';
import { ChangeFeed } from './change-feed.ts';
import type { Clock } from './clock.ts';
import type { ManagerConfig } from './config.ts';
import { PERSISTENCE, type Persistence } from './database/data-source.ts';
import { DatabaseLife } from './database/database-life.ts';
import { Database } from './database/database.ts';
import { Drain } from './drain.ts';
import { PlatformController } from './http/platform.controller.ts';
import { ProblemFilter } from './http/problem-filter.ts';
import { RevisionTag } from './http/revision.ts';
import { Installation } from './installation.ts';
import { Leases } from './lease.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics/metrics.ts';
import { RequestFigures } from './metrics/request-figures.ts';
import type { Notifier } from './notifier.ts';
import { Replica } from './replica.ts';
import { Replicas } from './replicas.ts';
import { Secrets } from './secrets/secrets.ts';
import { BUS_TRANSPORT, CLOCK, CONFIG, LOG, NOTIFIER } from './tokens.ts';

export interface PlatformParts {
  readonly config: ManagerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly notifier: Notifier;
}

const SERVICES = [
  Metrics,
  RequestFigures,
  Database,
  DatabaseLife,
  Replica,
  Replicas,
  Leases,
  Bus,
  PostgresNotices,
  Installation,
  Drain,
  ChangeFeed,
  ProblemFilter,
  Secrets,
];

@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(
    private readonly life: DatabaseLife,
    private readonly replicas: Replicas,
  ) {}

  static with(parts: PlatformParts, persistence: readonly Persistence[]): DynamicModule {
    const values = [
      { provide: CONFIG, useValue: parts.config },
      { provide: CLOCK, useValue: parts.clock },
      { provide: LOG, useValue: parts.log },
      { provide: NOTIFIER, useValue: parts.notifier },
      { provide: BUS_TRANSPORT, useExisting: PostgresNotices },
      { provide: PERSISTENCE, useValue: persistence },
    ];
    return {
      module: PlatformModule,
      controllers: [PlatformController],
      providers: [...SERVICES, ...values, { provide: APP_INTERCEPTOR, useClass: RevisionTag }],
      exports: [...SERVICES, ...values],
    };
  }

  /** The last of all: whatever drains before it may still write. */
  async onApplicationShutdown(): Promise<void> {
    await this.replicas.leave();
    await this.life.stop();
  }
}
