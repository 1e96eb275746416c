import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewEvent, Spool } from '../ports/spool.ts';

export interface SpoolUnderTest {
  readonly spool: Spool;
  /** Ends this run and begins the next on what is left. */
  restart(): Promise<Spool>;
  dispose(): Promise<void>;
}

export const started = (run: string): NewEvent => ({ name: 'agent_started', severity: 'info', details: { run } });

/** What the engine counts on, for the fake and the real spool alike. */
export function describeSpoolContract(name: string, open: () => Promise<SpoolUnderTest>): void {
  describe(`${name} keeps the contract of a spool`, () => {
    let under: SpoolUnderTest;
    let spool: Spool;
    beforeEach(async () => {
      under = await open();
      spool = under.spool;
    });
    afterEach(() => under.dispose());
    const runsOf = async (sent: Parameters<Spool['batch']>[0] = null, limit = 10) =>
      (await spool.batch(sent, limit)).map((event) => event.details['run']);

    it('numbers events from 1 without holes and gives them in order', async () => {
      for (const run of ['a', 'b', 'c']) await spool.append(started(run));
      expect((await spool.batch(null, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(await runsOf()).toEqual(['a', 'b', 'c']);
      expect(await runsOf(null, 2)).toEqual(['a', 'b']);
    });

    it('gives what follows an event that was sent', async () => {
      const first = await spool.append(started('a'));
      await spool.append(started('b'));
      expect(await runsOf(first)).toEqual(['b']);
    });

    it('forgets what is acknowledged and keeps counting', async () => {
      const { spool_id: spoolId } = await spool.append(started('a'));
      await spool.append(started('b'));
      await spool.acknowledge(spoolId, 1);
      expect(await runsOf()).toEqual(['b']);
      await spool.acknowledge(spoolId, 2);
      await spool.acknowledge(spoolId, 2);
      expect(await runsOf()).toEqual([]);
      expect((await spool.append(started('c'))).seq).toBe(3);
      expect(await runsOf()).toEqual(['c']);
    });

    it('ignores acknowledgements of another spool and of numbers it never gave', async () => {
      const { spool_id: spoolId } = await spool.append(started('a'));
      await spool.acknowledge('11111111-1111-4111-8111-111111111111', 1);
      await spool.acknowledge(spoolId, 99);
      expect(await runsOf()).toEqual(['a']);
    });

    it('begins a spool of its own after a restart and empties the old one first', async () => {
      const old = await spool.append(started('old'));
      spool = await under.restart();
      const fresh = await spool.append(started('new'));
      expect(fresh.spool_id).not.toBe(old.spool_id);
      expect(fresh.seq).toBe(1);
      expect(await runsOf()).toEqual(['old']);
      expect(await runsOf(old)).toEqual([]);
      await spool.acknowledge(old.spool_id, old.seq);
      expect(await runsOf(old)).toEqual(['new']);
    });

    it('tells its listener of each append', async () => {
      let told = 0;
      spool.onAppended(() => (told += 1));
      await spool.append(started('a'));
      await spool.append(started('b'));
      expect(told).toBe(2);
    });
  });
}
