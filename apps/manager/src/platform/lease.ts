/**
 * Acts that must run once, however many replicas there are. A lease is a row: who may act until when, and a fencing number
 * that grows with every change of hands.
 *
 * All time here is the database's, the only clock that all replicas share: one whose own clock is wrong must not take what
 * another holds. A lease that ran out is not yet lost: whoever held it may go on until somebody takes it, and whoever is
 * stalled for longer and then writes is stopped by `fence`, in the transaction of the write itself.
 */
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import type { Clock } from './clock.ts';
import { Database } from './database/database.ts';
import type { Log } from './log.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { holdLease, lockFence, releaseLease } from './persistence/lease-records.ts';
import { Replica } from './replica.ts';
import { CLOCK, LOG } from './tokens.ts';

export interface Lease {
  /** `<feature>.<act>`, e.g. `audit.sequencer`. */
  readonly name: string;
  readonly fence: number;
}

const SHORTEST_MS = 15_000;
/** A lease is renewed this often within its time. */
const RENEWALS = 3;

@Injectable()
export class Leases implements BeforeApplicationShutdown {
  private readonly held = new Set<string>();
  private readonly running = new Set<Promise<unknown>>();
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly replica: Replica,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Takes the lease when nobody has it, renews it when we do; null while somebody else has it. Can be called at any time. */
  async hold(name: string, ttlMs: number): Promise<Lease | null> {
    const fence = await this.database.read((em) => holdLease(em, name, this.replica.id, ttlMs));
    if (fence === null) this.held.delete(name);
    else this.held.add(name);
    return fence === null ? null : { name, fence };
  }

  /**
   * First statement of every transaction that relies on the lease: nobody takes it over before that transaction has ended.
   * @throws CodedError lease_lost, which undoes the transaction
   */
  async fence(em: EntityManager, lease: Lease): Promise<void> {
    if (!(await lockFence(em, lease.name, this.replica.id, lease.fence))) throw new CodedError('lease_lost', { lease: lease.name });
  }

  /** Lets the next replica start at once rather than when the time is up. */
  async release(name: string): Promise<void> {
    this.held.delete(name);
    await this.database.read((em) => releaseLease(em, name, this.replica.id));
  }

  /**
   * Runs `act` every `everyMs` on the one replica that holds the lease; never twice at once here, renewed for as long as it
   * runs. What it throws is logged and tried again at the next turn.
   * @returns what asks for a run now, e.g. because a notice came.
   */
  every(name: string, everyMs: number, act: (lease: Lease) => Promise<void>): () => void {
    const ttlMs = Math.max(SHORTEST_MS, everyMs * RENEWALS);
    const turn = oneAtATime(() => this.track(this.turn(name, ttlMs, act)));
    this.clock.every(everyMs, turn);
    return turn;
  }

  private async turn(name: string, ttlMs: number, act: (lease: Lease) => Promise<void>): Promise<void> {
    if (this.stopping || !this.database.ready) return;
    const lease = await this.hold(name, ttlMs);
    if (!lease) return;
    const stopRenewing = this.clock.every(ttlMs / RENEWALS, () => void this.hold(name, ttlMs).catch(() => {}));
    try {
      await act(lease);
    } finally {
      stopRenewing();
    }
  }

  private async track(work: Promise<void>): Promise<void> {
    const logged = work.catch((error: unknown) => {
      const passing = isCodedError(error) && (error.code === 'lease_lost' || error.code === 'database_unavailable');
      this.log[passing ? 'debug' : 'warn']({ err: error }, 'a leased act failed; the next turn tries again');
    });
    this.running.add(logged);
    await logged;
    this.running.delete(logged);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.running);
    await Promise.all([...this.held].map((name) => this.release(name).catch(() => {})));
  }
}
