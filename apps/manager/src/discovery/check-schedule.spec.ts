import { describe, expect, it } from '@jest/globals';
import { decideCheck } from './check-schedule.ts';

const NOW = new Date('2026-11-02T09:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);
const HALF_AN_HOUR_MS = 1_800_000;
const decide = (startedAt: Date | null, busyUntil: Date | null, asked: 'by itself' | 'by a person') =>
  decideCheck({ startedAt, busyUntil }, asked, NOW, HALF_AN_HOUR_MS);

describe('decideCheck', () => {
  it('begins the first one, whoever asks', () => {
    expect(decide(null, null, 'by itself')).toEqual({ kind: 'start' });
    expect(decide(null, null, 'by a person')).toEqual({ kind: 'start' });
  });

  it('begins by itself every half an hour and for a person after 15 s', () => {
    expect(decide(ago(1799), null, 'by itself')).toEqual({ kind: 'not_yet', waitMs: 1000 });
    expect(decide(ago(1800), null, 'by itself')).toEqual({ kind: 'start' });
    expect(decide(ago(14), null, 'by a person')).toEqual({ kind: 'not_yet', waitMs: 1000 });
    expect(decide(ago(15), null, 'by a person')).toEqual({ kind: 'start' });
  });

  it('begins none beside one that runs, until that one has had its time', () => {
    expect(decide(ago(20), ago(-1), 'by a person')).toEqual({ kind: 'running' });
    expect(decide(ago(20), NOW, 'by a person')).toEqual({ kind: 'start' });
  });

  it('is not held up by a clock that was ahead', () => {
    expect(decide(ago(-3600), null, 'by a person')).toEqual({ kind: 'start' });
  });
});
