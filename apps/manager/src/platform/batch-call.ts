import { BatchWriter } from './batch-writer.ts';

interface Cell<T, R> {
  readonly item: T;
  result: R | undefined;
}

/** A BatchWriter whose items get an answer. */
export class BatchCall<T, R> {
  private readonly writer: BatchWriter<Cell<T, R>>;

  /** @param call all or nothing; answers in the order of the items. */
  constructor(call: (items: readonly T[]) => Promise<readonly R[]>, maxBatch?: number, gatherMs?: number) {
    this.writer = new BatchWriter(
      async (cells) => {
        const results = await call(cells.map((cell) => cell.item));
        cells.forEach((cell, index) => (cell.result = results[index]));
      },
      maxBatch,
      gatherMs,
    );
  }

  get depth(): number {
    return this.writer.depth;
  }

  async ask(item: T): Promise<R> {
    const cell: Cell<T, R> = { item, result: undefined };
    await this.writer.add(cell);
    return cell.result as R;
  }
}
