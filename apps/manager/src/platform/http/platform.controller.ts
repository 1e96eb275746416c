import { Controller } from '@nestjs/common';
import { openApiDocument } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { Database } from '../database/database.ts';
import { Drain } from '../drain.ts';
import { Serve } from './serve.ts';

const OPEN_API = openApiDocument('1');

/** `healthz`: the process turns its loop. `readyz`: it can serve, i.e. the database answers and nobody asked it to stop. */
@Controller()
export class PlatformController {
  constructor(
    private readonly database: Database,
    private readonly drain: Drain,
  ) {}

  @Serve('healthz')
  healthz(): { status: 'up' } {
    return { status: 'up' };
  }

  @Serve('readyz')
  readyz(): { status: 'ready' } {
    if (this.drain.active) throw new CodedError('manager_unavailable');
    if (!this.database.ready) throw new CodedError('database_unavailable');
    return { status: 'ready' };
  }

  @Serve('readOpenApi')
  openApi(): object {
    return OPEN_API;
  }
}
