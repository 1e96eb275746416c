import { describe, expect, it } from '@jest/globals';
import { normsOf, type AttestedTrust } from './device-type-norm.ts';

const attested = (
  trust: string | null,
  nodes: number,
  newest: number | null,
  type = 'edge',
  guard: string | null = null,
): AttestedTrust => ({
  device_type: type,
  trust_fingerprint: trust,
  nodes,
  newest_sequence: newest,
  newest_guard: guard,
});

describe('the norm of a device type', () => {
  it('is the newest sequence any node attests, and the most frequent trust', () => {
    const norms = normsOf([attested('a', 2, 7), attested('b', 5, 9), attested('c', 1, null), attested('a', 1, 40, 'gateway')]);
    expect(norms.get('edge')).toEqual({ newestSequence: 9, usualTrust: 'b', newestGuard: null });
    expect(norms.get('gateway')).toEqual({ newestSequence: 40, usualTrust: 'a', newestGuard: null });
  });

  it('names no usual trust while two are equally frequent, or nobody reports one', () => {
    expect(normsOf([attested('a', 2, 1), attested('b', 2, 1)]).get('edge')?.usualTrust).toBeNull();
    expect(normsOf([attested(null, 3, null)]).get('edge')).toEqual({ newestSequence: null, usualTrust: null, newestGuard: null });
  });

  it('is the newest boot guard, by bytes of its sort key', () => {
    const rows = [attested('a', 2, 1, 'edge', 'A1A9A0~'), attested('b', 5, 1, 'edge', 'A1B10A0~'), attested('c', 1, 1)];
    expect(normsOf(rows).get('edge')?.newestGuard).toBe('A1B10A0~');
  });
});
