import { describe, expect, it } from '@jest/globals';
import { deviceType } from '@tidegate/contract-manifest';
import { matchSigner, type AllowedSigner, type CertificateIdentity } from './index.ts';

const workflow = 'https://github.com/acme/gateway/.github/workflows/release.yml';
const name = `${workflow}@refs/tags/v1.2.3`;
const signer: AllowedSigner = {
  name: 'gateway',
  deviceTypes: [deviceType.parse('gateway')],
  issuer: 'https://token.actions.githubusercontent.com',
  workflow,
  sourceRepository: 'https://github.com/acme/gateway',
  sourceRepositoryId: '77',
  sourceRepositoryOwnerId: '7',
  refPattern: 'refs/tags/v{version}',
  triggers: ['push', 'workflow_dispatch'],
};
const identity: CertificateIdentity = {
  san: name,
  issuer: signer.issuer,
  buildSigner: name,
  runner: 'github-hosted',
  sourceRepository: signer.sourceRepository,
  sourceRevision: 'a'.repeat(40),
  sourceRef: 'refs/tags/v1.2.3',
  sourceRepositoryId: '77',
  sourceRepositoryOwnerId: '7',
  buildConfig: name,
  trigger: 'push',
};
const atRef = (ref: string): CertificateIdentity => ({
  ...identity,
  sourceRef: ref,
  san: `${workflow}@${ref}`,
  buildSigner: `${workflow}@${ref}`,
  buildConfig: `${workflow}@${ref}`,
});

describe('matchSigner', () => {
  it('accepts an identity that equals an allowed signer in every field', () => {
    expect(matchSigner(identity, [signer])).toEqual({ ok: true, value: signer });
  });

  const offByOne: [keyof CertificateIdentity, string | null][] = [
    ['san', `${name}x`],
    ['san', `x${name}`],
    ['san', name.toUpperCase()],
    ['san', workflow],
    ['issuer', `${signer.issuer}/`],
    ['issuer', 'https://token.actions.githubusercontent.com.evil.example'],
    ['buildSigner', name.replace('acme', 'acm')],
    ['buildConfig', name.replace('v1.2.3', 'v1.2.4')],
    ['runner', 'self-hosted'],
    ['sourceRepository', 'https://github.com/acme/gateway.git'],
    ['sourceRepository', 'https://github.com/acme/Gateway'],
    ['sourceRef', 'refs/heads/main'],
    ['sourceRepositoryId', '770'],
    ['sourceRepositoryOwnerId', '07'],
    ['trigger', 'pull_request'],
    ['trigger', 'pus'],
    ...(Object.keys(identity) as (keyof CertificateIdentity)[])
      .filter((field) => field !== 'san' && field !== 'sourceRevision')
      .map((field): [keyof CertificateIdentity, null] => [field, null]),
  ];
  it.each(offByOne)('refuses when %s is %s', (field, value) => {
    const verdict = matchSigner({ ...identity, [field]: value }, [signer]);
    expect(verdict).toMatchObject({ ok: false, code: 'upgrade_identity_not_allowed' });
    if (!verdict.ok) expect(verdict.details['mismatch']).toContain(field);
  });

  it('refuses when the attested ref is another tag than the one in the names', () => {
    expect(matchSigner({ ...identity, sourceRef: 'refs/tags/v1.2.4' }, [signer])).toMatchObject({
      ok: false,
      details: { mismatch: ['san', 'buildSigner', 'buildConfig'] },
    });
  });

  it.each([
    ['refs/tags/v1.2.3', true],
    ['refs/tags/v1.2.3-rc.1', true],
    ['refs/tags/1.2.3', false],
    ['refs/tags/v1.2', false],
    ['refs/tags/v1.2.3+build', false],
    ['refs/tags/v1.2.3/../v9.9.9', false],
    ['refs/tags/v', false],
    ['refs/heads/v1.2.3', false],
    ['xrefs/tags/v1.2.3', false],
  ])('a version tag is a strict version: %s -> %s', (ref, ok) => {
    expect(matchSigner(atRef(ref), [signer]).ok).toBe(ok);
  });

  it('takes a fixed ref only from a test signer', () => {
    const branch: AllowedSigner = { ...signer, refPattern: 'test:refs/heads/main' };
    expect(matchSigner(atRef('refs/heads/main'), [branch]).ok).toBe(true);
    expect(matchSigner(atRef('refs/heads/main2'), [branch]).ok).toBe(false);
    expect(matchSigner(identity, [branch]).ok).toBe(false);
  });

  it('compares the numeric ids only where the signer names them', () => {
    const { sourceRepositoryId: _repository, sourceRepositoryOwnerId: _owner, ...rest } = signer;
    expect(matchSigner({ ...identity, sourceRepositoryId: '1', sourceRepositoryOwnerId: null }, [rest]).ok).toBe(true);
  });

  it('takes a self-hosted runner when the record says so, and then only that', () => {
    const selfHosted: AllowedSigner = { ...signer, runner: 'self-hosted' };
    expect(matchSigner({ ...identity, runner: 'self-hosted' }, [selfHosted]).ok).toBe(true);
    expect(matchSigner(identity, [selfHosted]).ok).toBe(false);
  });

  it('refuses everybody when nobody is allowed', () => {
    expect(matchSigner(identity, []).ok).toBe(false);
  });

  it('never mixes fields of two signers', () => {
    const other: AllowedSigner = { ...signer, name: 'other', sourceRepository: 'https://github.com/acme/other', runner: 'self-hosted' };
    expect(matchSigner({ ...identity, runner: 'self-hosted' }, [signer, other]).ok).toBe(false);
  });

  it('shows the actual identity, printable and bounded, and what differs from the nearest signer', () => {
    const far: AllowedSigner = { ...signer, issuer: 'x', sourceRepository: 'x', triggers: ['x'] };
    const verdict = matchSigner({ ...identity, runner: `self\u202e\n${'x'.repeat(400)}` }, [far, signer]);
    expect(verdict).toMatchObject({ ok: false, details: { identity: name, mismatch: ['runner'], trigger: 'push' } });
    if (!verdict.ok) expect(verdict.details['runner']).toMatch(/^self\?\?x{294}$/);
  });
});
