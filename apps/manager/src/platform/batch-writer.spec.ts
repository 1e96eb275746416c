import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@tidegate/contract-errors';
import { BatchWriter } from './batch-writer.ts';

describe('BatchWriter', () => {
  it('writes what arrives in one turn as one batch, in order', async () => {
    const batches: number[][] = [];
    const writer = new BatchWriter<number>(async (items) => void batches.push([...items]));
    await Promise.all([1, 2, 3].map((item) => writer.add(item)));
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it('collects while a write runs, and never runs two', async () => {
    const batches: number[][] = [];
    let running = 0;
    let release = (): void => {};
    const writer = new BatchWriter<number>(async (items) => {
      expect(++running).toBe(1);
      batches.push([...items]);
      if (batches.length === 1) await new Promise<void>((settle) => (release = settle));
      running -= 1;
    });
    const first = writer.add(1);
    while (batches.length === 0) await new Promise((settle) => setImmediate(settle));
    const rest = [writer.add(2), writer.add(3)];
    release();
    await Promise.all([first, ...rest]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('stores the others when one item cannot be stored', async () => {
    const stored: number[] = [];
    const writer = new BatchWriter<number>(async (items) => {
      if (items.includes(2)) throw new Error('bad item');
      stored.push(...items);
    });
    const results = await Promise.allSettled([1, 2, 3].map((item) => writer.add(item)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(stored).toEqual([1, 3]);
  });

  it('does not try one by one when the database is away', async () => {
    let writes = 0;
    const writer = new BatchWriter<number>(async () => {
      writes += 1;
      throw new CodedError('database_unavailable');
    });
    await Promise.allSettled([1, 2, 3].map((item) => writer.add(item)));
    expect(writes).toBe(1);
  });

  it('gathers after a batch of several, where it was told to, and waits for nobody after a lone item', async () => {
    const batches: number[][] = [];
    const write = async (items: readonly number[]): Promise<void> => void batches.push([...items]);
    const turns = async (): Promise<void> => {
      for (let n = 0; n < 3; n++) await new Promise((settle) => setImmediate(settle));
    };
    const gathering = new BatchWriter<number>(write, 1000, 50);
    await Promise.all([gathering.add(1), gathering.add(2)]);
    const third = gathering.add(3);
    await turns();
    await Promise.all([third, gathering.add(4)]);
    const patient = new BatchWriter<number>(write, 1000, 60_000);
    await patient.add(5);
    await patient.add(6);
    expect(batches).toEqual([[1, 2], [3, 4], [5], [6]]);
  });

  it('writes an item added the moment the queue ran empty', async () => {
    const stored: number[] = [];
    const writer = new BatchWriter<number>(async (items) => void stored.push(...items));
    await writer.add(1).then(() => writer.add(2));
    expect(stored).toEqual([1, 2]);
  });
});
