import { describe, expect, it } from '@jest/globals';
import { FairQueue, type Lane } from './fair-queue.ts';

/** Work that ends when it is told to. */
function bench(maxAtOnce: number, maxWaiting = 50, maxWaitingPerKey = 10) {
  const queue = new FairQueue({ maxAtOnce, maxWaiting, maxWaitingPerKey });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (key: string, name: string, lane: Lane = 'known'): Promise<void> =>
    queue.run(key, lane, async () => {
      started.push(name);
      await new Promise<void>((settle) => ends.set(name, settle));
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((settle) => setImmediate(settle));
  };
  return { ask, end, started };
}

describe('FairQueue', () => {
  it('runs one of each key at a time, and no more than it may in all', () => {
    const { ask, started } = bench(2);
    for (const name of ['a1', 'a2']) void ask('a', name);
    for (const key of ['b', 'c']) void ask(key, key);
    expect(started).toEqual(['a1', 'b']);
  });

  it('lets keys take turns, however many wait of one', async () => {
    const { ask, end, started } = bench(1);
    for (const name of ['a1', 'a2', 'a3', 'a4']) void ask('a', name);
    void ask('b', 'b1');
    void ask('b', 'b2');
    for (const name of ['a1', 'a2', 'b1', 'a3', 'b2']) await end(name);
    expect(started).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('never runs more than it may when a new one comes while another is being woken', async () => {
    const { ask, end, started } = bench(1);
    void ask('a', 'a1');
    void ask('b', 'b1');
    const ended = end('a1');
    await Promise.resolve();
    void ask('c', 'c1');
    await ended;
    expect(started).toEqual(['a1', 'b1']);
    await end('b1');
    expect(started).toEqual(['a1', 'b1', 'c1']);
  });

  it('keeps a place free for who is known, and lets them go before the others', async () => {
    const { ask, end, started } = bench(2);
    for (const key of ['x', 'y', 'z']) void ask(key, key, 'suspect');
    void ask('a', 'a1');
    void ask('b', 'b1');
    expect(started).toEqual(['x', 'a1']);
    await end('x');
    expect(started).toEqual(['x', 'a1', 'b1']);
    await end('a1');
    expect(started).toEqual(['x', 'a1', 'b1']);
    await end('b1');
    expect(started).toEqual(['x', 'a1', 'b1', 'y']);
  });

  it('lets strangers go before suspects, in the place that both share', async () => {
    const { ask, end, started } = bench(2);
    void ask('x', 'x', 'suspect');
    void ask('y', 'y', 'suspect');
    void ask('s', 's', 'strange');
    expect(started).toEqual(['x']);
    for (const name of ['x', 's']) await end(name);
    expect(started).toEqual(['x', 's', 'y']);
  });

  it('sends a suspect away for somebody better when all places to wait are taken', async () => {
    const { ask, end, started } = bench(2, 2);
    void ask('x', 'x', 'suspect');
    void ask('y', 'y', 'suspect');
    const last = ask('z', 'z', 'suspect');
    void ask('a', 'a1');
    void ask('a', 'a2');
    await expect(last).rejects.toMatchObject({ code: 'rate_limited' });
    for (const name of ['a1', 'x', 'a2']) await end(name);
    expect(started).toEqual(['x', 'a1', 'a2', 'y']);
  });

  it('refuses when too many wait, of one key or in all', async () => {
    const { ask } = bench(1, 3, 2);
    for (const name of ['a1', 'a2', 'a3']) void ask('a', name);
    await expect(ask('a', 'a4')).rejects.toMatchObject({ code: 'rate_limited' });
    void ask('b', 'b1');
    await expect(ask('c', 'c1')).rejects.toMatchObject({ code: 'rate_limited' });
    for (const lane of ['strange', 'suspect'] as const) await expect(ask('x', 'x1', lane)).rejects.toMatchObject({ code: 'rate_limited' });
  });

  it('goes on after work that failed', async () => {
    const queue = new FairQueue({ maxAtOnce: 1, maxWaiting: 1, maxWaitingPerKey: 1 });
    await expect(queue.run('a', 'known', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run('a', 'known', () => Promise.resolve('yes'))).toBe('yes');
  });
});
