import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isCodedError } from '@tidegate/contract-errors';
import { Bus, CLOCK, Database, LOG, oneAtATime, Replica, Replicas, type Clock, type Log } from '../platform/index.ts';
import { UpgradeWaves } from '../upgrades/index.ts';
import { endLeases, leaseRollout, lockDue, lockLeased, putOff } from './persistence/rollout-records.ts';
import { Provenance } from './provenance.ts';
import { RolloutPass } from './rollout-pass.ts';
import type { RolloutRecord } from './rollout-record.ts';

const POLL_MS = 1000;
/** So many looks in one turn; the next turn is a poll away. */
const MAX_LOOKS = 500;
/** Longer than the source and the git remote may take together. */
const LEASE_MS = 60_000;
const AFTER_FAULT_MS = 5000;

/**
 * Moves rollouts on. Every replica runs it; a rollout is one replica's for one transaction, by the lock on its row, so that a
 * replica that dies in the middle has done nothing. A look at the outside world is the only thing done between two transactions:
 * meanwhile a lease keeps the others away, and its fence makes the second one void when somebody acted in between.
 */
@Injectable()
export class Reconciler implements OnModuleInit, BeforeApplicationShutdown {
  private readonly poll: () => void;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly waves: UpgradeWaves,
    private readonly pass: RolloutPass,
    private readonly provenance: Provenance,
    private readonly bus: Bus,
    private readonly replica: Replica,
    private readonly replicas: Replicas,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.poll = oneAtATime(() => (this.running = this.turn()));
  }

  onModuleInit(): void {
    this.bus.listen('rollout', () => this.poll());
    this.clock.every(POLL_MS, this.poll);
    this.replicas.onDeath(async (em, dead) => {
      await endLeases(
        em,
        dead.map((replica) => replica.id),
      );
      return this.poll;
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async turn(): Promise<void> {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      if (this.stopping || !this.database.ready || !(await this.lookAtNext())) return;
    }
  }

  /** @returns false when nothing is due, or nothing can be done now. */
  private async lookAtNext(): Promise<boolean> {
    let taken: string | undefined;
    try {
      const leased = await this.waves.run(async (em, wave) => {
        const record = await lockDue(em, this.clock.now());
        if (!record) return null;
        taken = record.id;
        if ((await this.pass.look(em, wave, record, null)) === 'decided') return null;
        return { record, fence: await leaseRollout(em, record.id, this.replica.id, LEASE_MS) };
      });
      if (leased) await this.openProven(leased.record, leased.fence);
      return taken !== undefined;
    } catch (error) {
      await this.giveBack(taken, error);
      return false;
    }
  }

  private async openProven(record: RolloutRecord, fence: number): Promise<void> {
    const proof = await this.provenance.prove(record);
    await this.waves.run(async (em, wave) => {
      const current = await lockLeased(em, record.id, fence);
      if (current) await this.pass.look(em, wave, current, proof);
    });
  }

  private async giveBack(id: string | undefined, error: unknown): Promise<void> {
    const passes = isCodedError(error) && error.code === 'database_unavailable';
    this.log[passes ? 'debug' : 'warn']({ err: error, rollout_id: id }, 'a rollout was put off');
    const again = new Date(this.clock.now().getTime() + AFTER_FAULT_MS);
    if (id !== undefined) await this.database.read((em) => putOff(em, id, again)).catch(() => {});
  }
}
