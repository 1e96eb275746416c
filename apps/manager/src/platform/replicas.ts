import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from './clock.ts';
import { DatabaseLife } from './database/database-life.ts';
import { Database } from './database/database.ts';
import type { Log } from './log.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { removeReplica, showAlive, takeSilent, type DeadReplica } from './persistence/replica-records.ts';
import { Replica } from './replica.ts';
import { SOFTWARE_VERSION } from './software-version.ts';
import { CLOCK, LOG } from './tokens.ts';

const ALIVE_EVERY_MS = 3000;
/** Longer than a long pause of a busy process; a dead one's nodes come back by themselves much sooner. */
const DEAD_AFTER_MS = 15_000;

/** Clears up after replicas that died, in the transaction that takes their rows; what it returns runs after the commit. */
export type Undertaker = (em: EntityManager, dead: readonly DeadReplica[]) => Promise<() => void>;

/**
 * Who serves this database. Each replica shows that it lives and looks for those that do not any more; by the database's
 * clock, so that nobody is declared dead because somebody's own clock is wrong.
 */
@Injectable()
export class Replicas implements OnModuleInit {
  private readonly undertakers: Undertaker[] = [];
  private readonly revivals: (() => Promise<void>)[] = [];
  private known = false;
  private left = false;
  /** Where it listens, for whoever looks at the rows. */
  address = '';

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    private readonly replica: Replica,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    // Before anything else is written: a row that names this replica must never look like one of the dead.
    this.life.onReady(() => this.turn());
    this.clock.every(
      ALIVE_EVERY_MS,
      oneAtATime(async () => {
        if (this.database.ready) await this.turn().catch((error: unknown) => this.log.debug({ err: error }, 'no sign of life'));
      }),
    );
  }

  onDeath(act: Undertaker): void {
    this.undertakers.push(act);
  }

  /** This replica was stalled for so long that others cleared up after it: what it still holds has to be claimed again. */
  onRevival(act: () => Promise<void>): void {
    this.revivals.push(act);
  }

  /** The last act of a goodbye, after its sessions are closed. */
  async leave(): Promise<void> {
    this.left = true;
    await this.database.read((em) => removeReplica(em, this.replica.id)).catch(() => {});
  }

  private async turn(): Promise<void> {
    if (this.left) return;
    const self = { id: this.replica.id, softwareVersion: SOFTWARE_VERSION, address: this.address };
    const wasThere = await this.database.read((em) => showAlive(em, self));
    if (this.known && !wasThere) {
      this.log.warn('other replicas had given this one up');
      for (const act of this.revivals) await act();
    }
    this.known = true;
    await this.bury();
  }

  private async bury(): Promise<void> {
    const after: (() => void)[] = [];
    const dead = await this.database.transaction(async (em) => {
      const found = await takeSilent(em, DEAD_AFTER_MS);
      if (found.length > 0) for (const act of this.undertakers) after.push(await act(em, found));
      return found;
    });
    if (dead.length > 0) this.log.warn({ replicas: dead }, 'replicas gave no sign of life; their sessions are closed');
    for (const act of after) act();
  }
}
