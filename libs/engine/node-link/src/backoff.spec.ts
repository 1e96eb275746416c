import { describe, expect, it } from '@jest/globals';
import { CLOSE } from '@tidegate/contract-protocol';
import { delayMs, paceOf } from './backoff.ts';

const broke = { code: null, closeCode: 1006 };

describe('delayMs', () => {
  it('spreads over the whole range from 0, which doubles up to a minute', () => {
    expect([1, 2, 3, 7, 100].map((failures) => delayMs(broke, failures, 0))).toEqual([0, 0, 0, 0, 0]);
    expect([1, 2, 3, 7, 100].map((failures) => delayMs(broke, failures, 1))).toEqual([1000, 2000, 4000, 60_000, 60_000]);
  });
  it('stays below what the caller can afford, but not where only a person can help', () => {
    expect([1, 2, 3, 100].map((failures) => delayMs(broke, failures, 1, 2000))).toEqual([1000, 2000, 2000, 2000]);
    expect(delayMs({ code: 'node_revoked', closeCode: 1000 }, 50, 1, 2000)).toBe(300_000);
    expect(delayMs({ code: 'manager_unavailable', closeCode: 1000, retryAfterMs: 7000 }, 50, 1, 2000)).toBe(9000);
  });
  it('never comes before the manager asked for', () => {
    const asked = { code: 'manager_unavailable', closeCode: 1000, retryAfterMs: 7000 };
    expect(delayMs(asked, 1, 0)).toBe(7000);
    expect(delayMs(asked, 1, 1)).toBe(8000);
  });
  it('waits minutes for what only a person can mend', () => {
    expect(delayMs({ code: 'node_revoked', closeCode: 1000 }, 1, 0)).toBe(60_000);
    expect(delayMs({ code: 'node_revoked', closeCode: 1000 }, 50, 1)).toBe(300_000);
  });
});

describe('paceOf', () => {
  it.each([
    ['manager_unavailable', 1000, 'soon'],
    ['challenge_stale', 1000, 'soon'],
    ['auth_timeout', 1000, 'soon'],
    ['a_code_of_tomorrow', 1000, 'soon'],
    [null, 1006, 'soon'],
    [null, 1012, 'soon'],
    [null, 1013, 'soon'],
    [null, CLOSE.malformed, 'soon'],
    [null, CLOSE.superseded, 'slow'],
    [null, CLOSE.revoked, 'slow'],
    ['token_used', 1000, 'slow'],
    ['token_unknown', 1000, 'slow'],
    ['node_unknown', 1000, 'slow'],
    ['node_key_invalid', 1000, 'slow'],
    ['manager_identity_mismatch', 1000, 'slow'],
    ['protocol_version_unsupported', 1000, 'slow'],
  ] as const)('%s, close code %i -> %s', (code, closeCode, pace) => {
    expect(paceOf({ code, closeCode })).toBe(pace);
  });
});
