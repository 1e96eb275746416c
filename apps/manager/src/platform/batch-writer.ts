/**
 * Collects what arrives while the last batch is being written, and writes it as the next one: under load the batches grow by
 * themselves, an idle manager writes at once. No timer, at most one write at a time.
 */
export class BatchWriter<T> {
  private waiting: { item: T; settle: { resolve: () => void; reject: (error: unknown) => void } }[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly write: (items: readonly T[]) => Promise<void>,
    private readonly maxBatch = 1000,
  ) {}

  /** Settles when the item is stored; rejects with what stopped its whole batch. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, settle: { resolve, reject } });
      this.running ??= this.drainAll().finally(() => (this.running = undefined));
    });
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
      try {
        await this.write(batch.map((entry) => entry.item));
        for (const entry of batch) entry.settle.resolve();
      } catch (error) {
        for (const entry of batch) entry.settle.reject(error);
      }
    }
  }
}
