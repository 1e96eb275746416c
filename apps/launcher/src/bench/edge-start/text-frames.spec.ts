import { describe, expect, it } from '@jest/globals';
import { decodeTexts, encodeText } from './text-frames.ts';

/** A server's frame turned into a client's. */
function masked(text: string): Buffer {
  const frame = encodeText(text);
  const head = (frame[1] ?? 0) < 126 ? 2 : 4;
  const mask = Buffer.from([1, 2, 3, 4]);
  const payload = Buffer.from(frame.subarray(head)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  const start = Buffer.from(frame.subarray(0, head));
  start[1] = (start[1] ?? 0) | 0x80;
  return Buffer.concat([start, mask, payload]);
}

describe('text frames', () => {
  it.each([0, 125, 126, 5000])('come back whole at %i bytes', (length) => {
    expect(decodeTexts(masked('x'.repeat(length)))).toEqual({ texts: ['x'.repeat(length)], rest: Buffer.alloc(0) });
  });

  it('wait for the rest of a frame that arrived in part', () => {
    const whole = Buffer.concat([masked('one'), masked('two')]);
    const first = decodeTexts(whole.subarray(0, whole.length - 1));
    expect(first.texts).toEqual(['one']);
    expect(decodeTexts(Buffer.concat([first.rest, whole.subarray(-1)])).texts).toEqual(['two']);
  });
});
