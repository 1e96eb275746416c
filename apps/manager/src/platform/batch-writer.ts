import { isCodedError } from '@tidegate/contract-errors';
import { outsideRequests } from './log.ts';

/** @param failure what stopped the item's whole batch; absent when it is stored. Must not throw. */
export type Settled<T> = (item: T, failure?: { readonly error: unknown }) => void;

interface Waiting<T> {
  readonly item: T;
  readonly settled: Settled<T>;
}

/**
 * Collects what arrives while the last batch is being written, and writes it as the next one: under load the batches grow by
 * themselves, an idle manager writes at once. At most one write at a time.
 */
export class BatchWriter<T> {
  private readonly waiting: Waiting<T>[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly write: (items: readonly T[]) => Promise<void>,
    private readonly maxBatch = 1000,
    /**
     * How long it waits after a batch of several before it writes the next. Where each item costs a round trip of its own, those that
     * come in a storm otherwise find a database that is too fast for them to gather, and most of their time goes into statements.
     */
    private readonly gatherMs = 0,
  ) {}

  /** Settles when the item is stored; rejects with what stopped its whole batch. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) =>
      this.put(item, (_item, failure) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown, passed on as it is
        if (failure) reject(failure.error);
        else resolve();
      }),
    );
  }

  /** The same without a promise, for what comes hundreds of times a second; one function can serve all items. */
  put(item: T, settled: Settled<T>): void {
    this.waiting.push({ item, settled });
    this.running ??= outsideRequests(() => this.drainAll());
  }

  /** What waits; the batch that is being written does not. */
  get depth(): number {
    return this.waiting.length;
  }

  /** Everything that was added so far is stored or has failed. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async drainAll(): Promise<void> {
    // One turn of the loop first: what arrives in the same turn belongs to the same batch.
    await new Promise<void>((settle) => setImmediate(settle));
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.maxBatch);
      await this.writeBatch(batch);
      const gathers = this.gatherMs > 0 && batch.length > 1 && this.waiting.length < this.maxBatch;
      if (gathers) await new Promise<void>((settle) => setTimeout(settle, this.gatherMs));
    }
    // In the same turn as the look at the empty queue: an item added in between would wait for ever.
    this.running = undefined;
  }

  /** An item that cannot be stored must not take the others of its batch along: then each is written alone. */
  private async writeBatch(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.write(batch.map((entry) => entry.item));
    } catch (error) {
      const alone = batch.length === 1 || (isCodedError(error) && error.code === 'database_unavailable');
      if (!alone) for (const entry of batch) await this.writeBatch([entry]);
      else for (const entry of batch) entry.settled(entry.item, { error });
      return;
    }
    for (const entry of batch) entry.settled(entry.item);
  }
}
