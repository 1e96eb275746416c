import { describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@tidegate/contract-events';
import { decodeLine, encodeLine } from './spool-line.ts';

const EVENT: NodeEvent = {
  id: '6f1b8f3e-0c55-4c5e-9d3e-5d0c6d2f6a01',
  spool_id: '0d9a2f6c-95c1-4a53-8f7a-1f5f6f0a2b02',
  seq: 7,
  name: 'agent_started',
  severity: 'info',
  at: '2026-01-01T00:00:00.000Z',
  details: { text: 'Grüße\nzweite Zeile' },
};
const LINE = encodeLine(EVENT).toString('utf8').slice(0, -1);

describe('a line of the spool', () => {
  it('keeps its bytes: other versions of the agent read them', () => {
    expect(LINE).toBe(
      '560dc549 {"id":"6f1b8f3e-0c55-4c5e-9d3e-5d0c6d2f6a01","spool_id":"0d9a2f6c-95c1-4a53-8f7a-1f5f6f0a2b02","seq":7,"name":"agent_started","severity":"info","at":"2026-01-01T00:00:00.000Z","details":{"text":"Grüße\\nzweite Zeile"}}',
    );
  });
  it('is one line, whatever the event holds', () => {
    expect(LINE.includes('\n')).toBe(false);
    expect(decodeLine(LINE)).toEqual(EVENT);
  });
  it('does not count when any of its characters differs or is missing', () => {
    for (let at = 0; at < LINE.length; at++) {
      expect(decodeLine(`${LINE.slice(0, at)}${LINE[at] === 'x' ? 'y' : 'x'}${LINE.slice(at + 1)}`)).toBeNull();
      expect(decodeLine(LINE.slice(0, at))).toBeNull();
    }
  });
});
