import { describe, expect, it } from '@jest/globals';
import { deviceType, type Manifest } from '@tidegate/contract-manifest';
import { bindManifest, type AllowedSigner, type CertificateIdentity } from './index.ts';

const gateway = deviceType.parse('gateway');
const camera = deviceType.parse('camera');
const workflow = 'https://github.com/acme/gateway/.github/workflows/release.yml';
const revision = 'a'.repeat(40);
const signer: AllowedSigner = {
  name: 'gateway',
  deviceTypes: [gateway],
  issuer: 'i',
  workflow,
  sourceRepository: 'https://github.com/acme/gateway',
  refPattern: 'refs/tags/v{version}',
  triggers: ['push'],
};
const identityAt = (ref: string): CertificateIdentity => ({
  san: `${workflow}@${ref}`,
  issuer: 'i',
  buildSigner: null,
  runner: null,
  sourceRepository: signer.sourceRepository,
  sourceRevision: revision,
  sourceRef: ref,
  sourceRepositoryId: null,
  sourceRepositoryOwnerId: null,
  buildConfig: null,
  trigger: null,
});
const identity = identityAt('refs/tags/v1.2.3');
// Only the fields that are bound; the schema's own tests cover the rest.
const manifest = { device_type: gateway, version: '1.2.3', source: { repository: signer.sourceRepository, revision } } as Manifest;
const claiming = (claims: object): Manifest => ({ ...manifest, ...claims });

describe('bindManifest', () => {
  it('accepts a manifest whose version, repository and commit are the attested ones', () => {
    expect(bindManifest(manifest, identity, signer, { deviceType: gateway })).toEqual({ ok: true, value: undefined });
  });

  it.each([
    ['another version than the tag', claiming({ version: '1.2.4' }), identity, 'source_ref'],
    ['a pre-release of the tag', claiming({ version: '1.2.3-rc.1' }), identity, 'source_ref'],
    ['a version with replacement patterns', claiming({ version: '$&' }), identity, 'source_ref'],
    ['a name with another ref than the tag', manifest, { ...identity, san: `${workflow}@refs/heads/main` }, 'san'],
    ['no attested ref', manifest, { ...identity, sourceRef: null }, 'source_ref'],
    ['another repository', claiming({ source: { repository: 'https://github.com/acme/fork', revision } }), identity, 'source_repository'],
    [
      'another commit',
      claiming({ source: { repository: signer.sourceRepository, revision: 'b'.repeat(40) } }),
      identity,
      'source_revision',
    ],
    ['no attested commit', manifest, { ...identity, sourceRevision: null }, 'source_revision'],
  ] as const)('refuses %s', (_name, claimed, attested, field) => {
    expect(bindManifest(claimed, attested, signer, { deviceType: gateway })).toMatchObject({
      ok: false,
      code: 'upgrade_provenance_mismatch',
      details: { field },
    });
  });

  it.each([
    ['for another product, signed by its own signer', claiming({ device_type: camera }), { ...signer, deviceTypes: [camera] }, gateway],
    ['for this product, signed by another product’s signer', manifest, { ...signer, deviceTypes: [camera] }, gateway],
    [
      'of a signer of both, but for the other one',
      claiming({ device_type: camera }),
      { ...signer, deviceTypes: [gateway, camera] },
      gateway,
    ],
  ] as const)('refuses a release %s', (_name, claimed, by, own) => {
    expect(bindManifest(claimed, identity, by, { deviceType: own })).toMatchObject({ ok: false, code: 'upgrade_device_type_mismatch' });
  });
});
