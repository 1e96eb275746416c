import { describe, expect, it } from '@jest/globals';
import { COMMANDS_PER_MINUTE, createCommandBrake } from './command-brake.ts';

describe('the brake on commands', () => {
  it('takes so many a minute, and the next when the oldest is a minute old', () => {
    let uptimeSecs = 1000;
    const brake = createCommandBrake({ uptimeSecs: () => uptimeSecs });
    const taken = (): number => Array.from({ length: 10_000 }, () => brake.takes()).filter(Boolean).length;
    expect(brake.takes()).toBe(true);
    uptimeSecs += 30;
    expect(taken()).toBe(COMMANDS_PER_MINUTE - 1);
    uptimeSecs += 29.9;
    expect(taken()).toBe(0);
    uptimeSecs += 0.1;
    expect(taken()).toBe(1);
    uptimeSecs += 60;
    expect(taken()).toBe(COMMANDS_PER_MINUTE);
  });
});
