import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ChangeFeed, CLOCK, Database, DatabaseLife, LOG, oneAtATime, type Clock, type Log } from '../platform/index.ts';
import { readHead } from '../sequence/index.ts';
import { selectEventsAfter, type StoredEvent } from './persistence/event-pages.ts';

const POLL_MS = 2000;
const BATCH = 500;
/** Whoever is further behind than this loads anew; telling it all would take longer. */
const MAX_BEHIND = 5000;

export interface TailFollower {
  /** While nobody wants them, nothing is read. */
  wanted(): boolean;
  told(events: readonly StoredEvent[]): void;
  /** Some were passed over. */
  lost(): void;
}

/** Tells what was stored, by whichever replica, once each and in the one order. Notices say when to look; the poll finds what they miss. */
@Injectable()
export class EventTail implements OnModuleInit {
  private readonly followers: TailFollower[] = [];
  private position = 0;
  private readonly look: () => void;

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.look = oneAtATime(() =>
      this.read().catch((error: unknown) => this.log.debug({ err: error }, 'events not read; the next turn does')),
    );
  }

  onModuleInit(): void {
    this.life.onReady(async () => {
      this.position = (await this.database.read((em) => readHead(em, 'events'))).position;
    });
    this.changes.on('events', this.look);
    this.changes.on('gap', this.look);
    this.clock.every(POLL_MS, this.look);
  }

  follow(follower: TailFollower): void {
    this.followers.push(follower);
  }

  private async read(): Promise<void> {
    if (!this.database.ready) return;
    const { position: head } = await this.database.read((em) => readHead(em, 'events'));
    const followers = this.followers.filter((follower) => follower.wanted());
    // A restored database may be behind what we saw of the one before.
    if (followers.length === 0 || head < this.position) return void (this.position = head);
    if (head - this.position > MAX_BEHIND) {
      this.position = head;
      for (const follower of followers) follower.lost();
    }
    while (this.position < head) {
      const events = await this.database.read((em) => selectEventsAfter(em, { filter: {}, reach: null, limit: BATCH }, this.position));
      this.position = events.at(-1)?.position ?? head;
      for (const follower of followers) follower.told(events);
    }
  }
}
