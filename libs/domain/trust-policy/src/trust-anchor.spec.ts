import { describe, expect, it } from '@jest/globals';
import { deviceType } from '@tidegate/contract-manifest';
import { trustAnchorProblems, trustFingerprintText, type AllowedSigner, type TrustAnchor } from './index.ts';

const signer: AllowedSigner = {
  name: 'gateway',
  deviceTypes: [deviceType.parse('gateway')],
  issuer: 'https://issuer.example',
  workflow: 'https://github.com/acme/gateway/.github/workflows/release.yml',
  sourceRepository: 'https://github.com/acme/gateway',
  refPattern: 'refs/tags/v{version}',
  triggers: ['push'],
};
const since = { validFor: { start: '2026-01-01T00:00:00Z' } };
const root = {
  tlogs: [{ publicKey: since }],
  ctlogs: [{ publicKey: since }],
  certificateAuthorities: [since],
  timestampAuthorities: [since],
};
const anchor: TrustAnchor = { purpose: 'release', signers: [signer], trustedRoot: root };

describe('trustAnchorProblems', () => {
  it('finds nothing in a sound anchor, also without timestamp authorities', () => {
    expect(trustAnchorProblems(anchor)).toEqual([]);
    expect(trustAnchorProblems({ ...anchor, trustedRoot: { ...root, timestampAuthorities: [] } })).toEqual([]);
  });

  it.each<[string, Partial<TrustAnchor>, string]>([
    ['nobody is allowed', { signers: [] }, 'no signer'],
    ['a release trusts a branch', { signers: [{ ...signer, refPattern: 'test:refs/heads/main' }] }, 'version tags only'],
    ['a workflow carries its ref', { signers: [{ ...signer, workflow: `${signer.workflow}@refs/tags/v1.0.0` }] }, 'carries a ref'],
    ['no trigger is named', { signers: [{ ...signer, triggers: [] }] }, 'no trigger'],
    ['no device type is named', { signers: [{ ...signer, deviceTypes: [] }] }, 'no device type'],
    ['one identity stands twice', { signers: [signer, { ...signer, name: 'again' }] }, 'stands twice'],
    ['a log key has no start', { trustedRoot: { ...root, tlogs: [{ publicKey: { validFor: {} } }] } }, 'tlogs[0]'],
    ['a CT key has no validity', { trustedRoot: { ...root, ctlogs: [{ publicKey: {} }] } }, 'ctlogs[0]'],
    ['an authority has no start', { trustedRoot: { ...root, certificateAuthorities: [since, {}] } }, 'certificateAuthorities[1]'],
    [
      'a start is no date',
      { trustedRoot: { ...root, timestampAuthorities: [{ validFor: { start: 'ever' } }] } },
      'timestampAuthorities[0]',
    ],
    ['there is no authority', { trustedRoot: { ...root, certificateAuthorities: [] } }, 'certificateAuthorities: empty'],
    ['there is no root', { trustedRoot: null }, 'tlogs: empty'],
  ])('says so when %s', (_name, change, problem) => {
    expect(trustAnchorProblems({ ...anchor, ...change }).join('\n')).toContain(problem);
  });

  it('lets test builds trust a branch', () => {
    expect(trustAnchorProblems({ ...anchor, purpose: 'test', signers: [{ ...signer, refPattern: 'test:refs/heads/main' }] })).toEqual([]);
  });
});

describe('trustFingerprintText', () => {
  it('is a frozen form: sorted keys, no white space, undefined left out', () => {
    const small: TrustAnchor = { purpose: 'test', signers: [], trustedRoot: { b: [1, null, 'x'], a: undefined, c: { z: true, y: 1.5 } } };
    expect(trustFingerprintText(small)).toBe('{"signers":[],"trusted_root":{"b":[1,null,"x"],"c":{"y":1.5,"z":true}}}');
  });

  it('changes with a signer and with the root, not with the order of keys or the purpose', () => {
    const text = trustFingerprintText(anchor);
    expect(trustFingerprintText({ ...anchor, signers: [{ ...signer, triggers: ['push', 'schedule'] }] })).not.toBe(text);
    expect(trustFingerprintText({ ...anchor, trustedRoot: { ...root, ctlogs: [] } })).not.toBe(text);
    const reordered = Object.fromEntries(Object.entries(signer).reverse()) as unknown as AllowedSigner;
    expect(trustFingerprintText({ ...anchor, purpose: 'demo', signers: [reordered] })).toBe(text);
  });
});
