import { Controller, Get } from '@nestjs/common';
import { API } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { Database } from '../database/database.ts';
import { Drain } from '../drain.ts';
import { Public } from './public-route.ts';

/** `healthz`: the process turns its loop. `readyz`: it can serve, i.e. the database answers and nobody asked it to stop. */
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly drain: Drain,
  ) {}

  @Public()
  @Get(API.healthz)
  healthz(): { status: 'up' } {
    return { status: 'up' };
  }

  @Public()
  @Get(API.readyz)
  readyz(): { status: 'ready' } {
    if (this.drain.active) throw new CodedError('manager_unavailable');
    if (!this.database.ready) throw new CodedError('database_unavailable');
    return { status: 'ready' };
  }
}
