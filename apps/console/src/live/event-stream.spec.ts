import { describe, expect, it } from '@jest/globals';
import { aNode } from '../testing/views.ts';
import { keepStream } from './event-stream.ts';
import { createThrottle, type Later } from './throttle.ts';

const handClock = () => {
  const due: { run: () => void; delayMs: number }[] = [];
  const schedule: Later = (run, delayMs) => {
    const entry = { run, delayMs };
    due.push(entry);
    return () => void due.splice(due.indexOf(entry), 1);
  };
  const ring = () => due.shift()?.run();
  return { due, schedule, ring };
};

class HandSource {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 0;
  isClosed = false;
  close() {
    this.isClosed = true;
  }
  fail(readyState: number) {
    this.readyState = readyState;
    this.onerror?.();
  }
}

const stream = () => {
  const clock = handClock();
  const sources: HandSource[] = [];
  const log: string[] = [];
  const close = keepStream({
    open: () => {
      const source = new HandSource();
      sources.push(source);
      return source;
    },
    schedule: clock.schedule,
    onMessage: (message) => log.push(message.type),
    onState: (state) => log.push(state),
    onOpen: () => log.push('load anew'),
    onRefused: () => log.push('refused'),
  });
  return { clock, sources, log, close, last: () => sources.at(-1) as HandSource };
};

describe('the live stream', () => {
  it('loads anew each time it opens, because changes in between were missed', () => {
    const { last, log } = stream();
    last().onopen?.();
    last().fail(0);
    last().onopen?.();
    expect(log).toEqual(['connecting', 'live', 'load anew', 'reconnecting', 'live', 'load anew']);
  });

  it('leaves reconnecting to the browser while it tries', () => {
    const { last, clock, sources } = stream();
    last().fail(0);
    expect([clock.due.length, sources.length]).toEqual([0, 1]);
  });

  it('starts again when the browser gave up, slower each time, up to 15 s', () => {
    const { last, clock, sources, log } = stream();
    const delays: number[] = [];
    for (let i = 0; i < 6; i++) {
      last().fail(2);
      delays.push(clock.due[0]?.delayMs ?? 0);
      clock.ring();
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
    expect(sources).toHaveLength(7);
    expect(log.filter((entry) => entry === 'refused')).toHaveLength(6);
    last().onopen?.();
    last().fail(2);
    expect(clock.due[0]?.delayMs).toBe(1000);
  });

  it('hands known messages on and skips what it does not understand', () => {
    const { last, log } = stream();
    for (const data of [JSON.stringify({ type: 'node', node: aNode() }), '{"type":"of_tomorrow"}', 'no json']) last().onmessage?.({ data });
    expect(log).toEqual(['connecting', 'node']);
  });

  it('stays closed once closed', () => {
    const { last, clock, close } = stream();
    last().fail(2);
    close();
    expect([clock.due.length, last().isClosed]).toEqual([0, true]);
  });
});

describe('the throttle', () => {
  it('runs at once, then once more for a burst, then rests', () => {
    const clock = handClock();
    let runs = 0;
    const throttle = createThrottle(() => runs++, 2000, clock.schedule);
    throttle.request();
    for (let i = 0; i < 100; i++) throttle.request();
    expect(runs).toBe(1);
    clock.ring();
    expect(runs).toBe(2);
    clock.ring();
    expect([runs, clock.due.length]).toEqual([2, 0]);
    throttle.request();
    expect(runs).toBe(3);
  });

  it('runs no more when stopped', () => {
    const clock = handClock();
    let runs = 0;
    const throttle = createThrottle(() => runs++, 2000, clock.schedule);
    throttle.request();
    throttle.request();
    throttle.stop();
    expect([runs, clock.due.length]).toEqual([1, 0]);
  });
});
