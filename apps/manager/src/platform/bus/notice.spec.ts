import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseNotice, Waiting } from './notice.ts';

const replica = randomUUID();
const sent = (...ids: (readonly string[] | null)[]): string[] => {
  const waiting = new Waiting();
  for (const part of ids) waiting.add(part);
  return waiting.payloads(replica, 'node');
};

describe('a notice', () => {
  it('comes back as it was said, each id once', () => {
    const payloads = sent(['x', 'y'], ['y', 'z']);
    expect(payloads.map(parseNotice)).toEqual([[replica, 'node', ['x', 'y', 'z']]]);
  });

  it('is as many payloads as PostgreSQL takes, and none of them too long', () => {
    const ids = Array.from({ length: 1000 }, () => randomUUID());
    const payloads = sent(ids);
    expect(payloads.length).toBe(5);
    expect(Math.max(...payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThan(8000);
    expect(payloads.flatMap((payload) => parseNotice(payload)?.[2])).toEqual(ids);
  });

  it('says "look yourself" instead of more ids than anybody wants to hear', () => {
    const many = Array.from({ length: 20_001 }, (_, n) => String(n));
    expect(sent(many)).toEqual([JSON.stringify([replica, 'node', null])]);
    expect(sent(['x'], null, ['y'])).toEqual([JSON.stringify([replica, 'node', null])]);
  });

  it.each([
    ['no JSON', 'reload'],
    ['another shape', '{"node":"x"}'],
    ['ids that are no texts', JSON.stringify([replica, 'node', [1]])],
    ['a sender that is no replica', JSON.stringify(['x', 'node', []])],
  ])('that is %s is none', (_, payload) => expect(parseNotice(payload)).toBeNull());
});
