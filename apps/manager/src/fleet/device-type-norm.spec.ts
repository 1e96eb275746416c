import { describe, expect, it } from '@jest/globals';
import { normsOf, standingOf, type AttestedTrust } from './device-type-norm.ts';

const attested = (trust: string | null, nodes: number, newest: number | null, type = 'edge'): AttestedTrust => ({
  device_type: type,
  trust_fingerprint: trust,
  nodes,
  newest_sequence: newest,
});

describe('the norm of a device type', () => {
  it('is the newest sequence any node attests, and the most frequent trust', () => {
    const norms = normsOf([attested('a', 2, 7), attested('b', 5, 9), attested('c', 1, null), attested('a', 1, 40, 'gateway')]);
    expect(norms.get('edge')).toEqual({ newestSequence: 9, usualTrust: 'b' });
    expect(norms.get('gateway')).toEqual({ newestSequence: 40, usualTrust: 'a' });
  });

  it('names no usual trust while two are equally frequent, or nobody reports one', () => {
    expect(normsOf([attested('a', 2, 1), attested('b', 2, 1)]).get('edge')?.usualTrust).toBeNull();
    expect(normsOf([attested(null, 3, null)]).get('edge')).toEqual({ newestSequence: null, usualTrust: null });
  });
});

describe('a node against the norm of its device type', () => {
  const norm = { newestSequence: 9, usualTrust: 'b' };
  it.each([
    ['equals it', { sequence: 9, trust: 'b' }, false, false],
    ['is behind', { sequence: 8, trust: 'b' }, true, false],
    ['trusts somebody else', { sequence: 9, trust: 'a' }, false, true],
    ['reports neither', { sequence: null, trust: null }, false, false],
  ])('%s', (_, report, behind, differs) => {
    expect(standingOf(report, norm)).toEqual({ behind_sequence: behind, trust_differs: differs });
    expect(standingOf(report, undefined)).toEqual({ behind_sequence: false, trust_differs: false });
  });
});
