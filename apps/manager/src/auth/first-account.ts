import { readFile } from 'node:fs/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { AuditTrail } from '../audit/index.ts';
import { CLOCK, CONFIG, Database, DatabaseLife, LOG, oneAtATime, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import { hashPassword } from './password.ts';
import { hasUsers, insertUser } from './persistence/user-records.ts';
import { Sessions } from './sessions.ts';

const CLEAN_EVERY_MS = 10 * 60_000;

/** An installation without users gets its super_admin from the password file; later the file is not looked at any more. */
@Injectable()
export class FirstAccount implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    private readonly audit: AuditTrail,
    private readonly sessions: Sessions,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.life.onReady(() => this.create());
    this.clock.every(
      CLEAN_EVERY_MS,
      oneAtATime(() =>
        this.sessions.removeExpired().then(
          () => {},
          () => {},
        ),
      ),
    );
  }

  private async create(): Promise<void> {
    if (await this.database.read(hasUsers)) return;
    const file = this.config.admin.password_file;
    if (file === undefined) return this.log.warn('there is no account yet: make one with `tidegate-manager create-admin`');
    const username = this.config.admin.username.toLowerCase();
    const passwordHash = await hashPassword(await readPassword(file));
    await this.database.transaction(async (em) => {
      const id = await insertUser(
        em,
        { username, passwordHash, role: 'super_admin', expiresAt: null, oneTimeUntil: null },
        this.clock.now(),
      );
      if (id)
        await this.audit.append(em, {
          actor: 'system',
          action: 'user.create',
          target: { kind: 'user', id },
          details: { role: 'super_admin' },
        });
    });
    this.log.info({ username }, 'first account created');
  }
}

async function readPassword(file: string): Promise<string> {
  const password = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (password === '') throw new CodedError('config_invalid', { problems: ['admin.password_file: empty or unreadable'], file });
  return password;
}
