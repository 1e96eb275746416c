import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@tidegate/contract-errors';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import { TRUST_ANCHOR } from '../src/trust/anchor.ts';
import { checkAnchor } from './check-anchor.ts';

const [signer] = TRUST_ANCHOR.signers;
if (!signer) throw new Error('the release anchor names no signer');
const withSigner = (change: object): TrustAnchor => ({ ...TRUST_ANCHOR, signers: [{ ...signer, ...change }] });
const ruleOf = (anchor: TrustAnchor, from: 'source' | 'file'): string => {
  try {
    checkAnchor(anchor, from);
    return 'taken';
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'trust_anchor_refused') throw error;
    return String(error.details['rule']);
  }
};

describe('a build of the edge', () => {
  it('takes the release anchor as a release, and demo and test anchors from a file', () => {
    expect(ruleOf(TRUST_ANCHOR, 'source')).toBe('taken');
    for (const purpose of ['demo', 'test'] as const) expect(ruleOf({ ...TRUST_ANCHOR, purpose }, 'file')).toBe('taken');
  });

  it.each(['demo', 'test'] as const)('refuses to compile a %s anchor into a release', (purpose) => {
    expect(ruleOf({ ...TRUST_ANCHOR, purpose }, 'source')).toBe('a release build carries the release anchor only');
  });

  it('refuses an anchor from a file that calls itself the release’s', () => {
    expect(ruleOf(TRUST_ANCHOR, 'file')).toBe('an anchor from a file is for demo or test only');
  });

  it.each<[string, TrustAnchor, RegExp]>([
    ['that allows nobody', { ...TRUST_ANCHOR, signers: [] }, /no signer is allowed/],
    ['that trusts a branch', withSigner({ refPattern: 'test:refs/heads/main' }), /version tags only/],
    ['with a signer whose workflow carries a ref', withSigner({ workflow: `${signer.workflow}@refs/heads/main` }), /carries a ref/],
    ['with one identity under two names', { ...TRUST_ANCHOR, signers: [signer, { ...signer, name: 'again' }] }, /stands twice/],
    ['without a root', { ...TRUST_ANCHOR, trustedRoot: {} }, /certificateAuthorities: empty/],
  ])('refuses an anchor %s', (_, anchor, problem) => expect(ruleOf(anchor, 'source')).toMatch(problem));
});
