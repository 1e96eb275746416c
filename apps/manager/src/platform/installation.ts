import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DatabaseLife } from './database/database-life.ts';
import { Database } from './database/database.ts';

/** Who this manager is, whichever process speaks for it. */
@Injectable()
export class Installation implements OnModuleInit {
  managerId = '';

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
  ) {}

  onModuleInit(): void {
    this.life.onReady(async () => {
      const rows = await this.database.read((em) => em.query<{ manager_id: string }[]>('SELECT manager_id FROM installation'));
      this.managerId = rows[0]?.manager_id ?? '';
    });
  }
}
