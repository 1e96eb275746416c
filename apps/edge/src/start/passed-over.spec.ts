import { describe, expect, it } from '@jest/globals';
import { releaseVersion } from '@tidegate/contract-manifest';
import type { SlotLinks } from '@tidegate/engine-upgrade';
import { startAgainWhenPassedOver } from './passed-over.ts';

const version = (text: string | null) => (text === null ? null : releaseVersion.parse(text));

/** Lets ten minutes pass, some times over, for an agent 1.0.0; says after how many of them it asked to be started again. */
async function askedAfter(
  ...looks: readonly (readonly [current: string | null, committed: string | null] | 'unreadable')[]
): Promise<number | null> {
  const due: (() => void)[] = [];
  let asked: number | null = null;
  let passed = 0;
  const links = async (): Promise<SlotLinks> => {
    const look = looks[passed - 1];
    if (look === undefined || look === 'unreadable') throw new Error('EIO');
    return { current: version(look[0]), committed: version(look[1]), previous: null };
  };
  const timers = {
    after: (_delayMs: number, callback: () => void) => {
      due.push(callback);
      return () => undefined;
    },
  };
  startAgainWhenPassedOver({ links, running: '1.0.0', timers, restart: () => (asked ??= passed) });
  for (passed = 1; passed <= looks.length; passed += 1) {
    due.shift()?.();
    await new Promise(setImmediate);
  }
  return asked;
}

describe('an agent that was started in place of the candidate', () => {
  it('asks to be started again, so that the guard can open the trial after all', async () => {
    expect(await askedAfter(['1.1.0', '1.0.0'])).toBe(1);
  });
  it('goes on looking while nothing is wrong, or the links cannot be read', async () => {
    expect(await askedAfter(['1.0.0', '1.0.0'], 'unreadable', [null, '1.0.0'], ['1.1.0', '1.0.0'])).toBe(4);
  });
  it('leaves a candidate, and an agent that no link names, alone', async () => {
    expect(await askedAfter(['1.0.0', '0.9.0'], ['1.1.0', '1.1.0'])).toBeNull();
  });
});
