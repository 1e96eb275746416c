import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { deviceType, LIMITS } from '@tidegate/contract-manifest';
import type { ManifestVerifier } from '@tidegate/engine-upgrade';
import type { Authority } from '@tidegate/test-kit';
import { createManifestVerifier } from './index.ts';
import { anchorOf, bytesOf, GATEWAY, IDENTITY, manifestBytes, newAuthority, signedBundle, SIGNER } from './testing/signed-release.ts';

let authority: Authority;
let verifier: ManifestVerifier;
beforeAll(() => {
  authority = newAuthority();
  verifier = createManifestVerifier({ anchor: anchorOf(authority), deviceType: GATEWAY });
});
const verifySigned = async (bytes: Buffer) => await verifier.verify(bytes, bytesOf(signedBundle(authority, bytes)));
const withWorker = (name: string, deadlineMs: number) =>
  createManifestVerifier({
    anchor: anchorOf(authority),
    deviceType: GATEWAY,
    deadlineMs,
    workerUrl: new URL(`./testing/${name}`, import.meta.url),
  });

describe('a manifest verified in a worker', () => {
  it('comes back parsed, with its digest and its signer', async () => {
    const bytes = manifestBytes();
    expect(await verifySigned(bytes)).toMatchObject({
      ok: true,
      value: {
        manifest: { version: '1.2.3', device_type: 'gateway' },
        digest: createHash('sha256').update(bytes).digest('hex'),
        signer: `${IDENTITY.workflow}@refs/tags/v1.2.3`,
      },
    });
  });

  it.each([
    ['no JSON', Buffer.from('{'), 'upgrade_manifest_invalid'],
    ['of an unknown schema', manifestBytes({ schema: 2 }), 'upgrade_manifest_invalid'],
    ['of another version than its tag', manifestBytes({ version: '1.2.4' }), 'upgrade_provenance_mismatch'],
    [
      'of another commit',
      manifestBytes({ source: { repository: IDENTITY.sourceRepository, revision: 'b'.repeat(40) } }),
      'upgrade_provenance_mismatch',
    ],
    ['of another product', manifestBytes({ device_type: 'camera' }), 'upgrade_device_type_mismatch'],
  ])('is refused when it is signed but %s', async (_name, bytes, code) => {
    expect(await verifySigned(bytes)).toMatchObject({ ok: false, code });
  });

  it('is refused unread when its signature is not genuine', async () => {
    const bundle = bytesOf(signedBundle(authority, manifestBytes()));
    expect(await verifier.verify(Buffer.from('{'), bundle)).toMatchObject({ ok: false, code: 'upgrade_signature_invalid' });
  });

  it('is refused by the signers of the anchor, not of another', async () => {
    const others = anchorOf(authority, [{ ...SIGNER, sourceRepositoryId: '1' }]);
    const strict = createManifestVerifier({ anchor: others, deviceType: GATEWAY });
    const bytes = manifestBytes();
    expect(await strict.verify(bytes, bytesOf(signedBundle(authority, bytes)))).toMatchObject({
      ok: false,
      code: 'upgrade_identity_not_allowed',
      details: { mismatch: ['sourceRepositoryId'] },
    });
  });

  it('takes its product from the caller', async () => {
    const camera = createManifestVerifier({ anchor: anchorOf(authority), deviceType: deviceType.parse('camera') });
    const bytes = manifestBytes();
    expect(await camera.verify(bytes, bytesOf(signedBundle(authority, bytes)))).toMatchObject({
      ok: false,
      code: 'upgrade_device_type_mismatch',
    });
  });

  it('is refused by size alone', async () => {
    expect(await verifier.verify(Buffer.alloc(LIMITS.manifestBytes + 1), Buffer.from('{}'))).toMatchObject({
      ok: false,
      code: 'upgrade_manifest_invalid',
    });
    expect(await verifier.verify(manifestBytes(), Buffer.alloc(LIMITS.bundleBytes + 1))).toMatchObject({
      ok: false,
      details: { reason: 'bundle_too_large' },
    });
  });
});

describe('a worker that does not answer', () => {
  it('is ended at the deadline and the bundle refused, while the event loop stays free', async () => {
    let turns = 0;
    const turn = setInterval(() => turns++, 10);
    const verdict = await withWorker('spinning-worker.ts', 300).verify(manifestBytes(), Buffer.from('{}'));
    clearInterval(turn);
    expect(verdict).toEqual({ ok: false, code: 'upgrade_signature_invalid', details: { reason: 'deadline' } });
    expect(turns).toBeGreaterThan(3);
  });

  it.each(['dying-worker.ts', 'silent-worker.ts'])('is a refusal long before the deadline when it is gone: %s', async (name) => {
    const verdict = await withWorker(name, 60_000).verify(manifestBytes(), Buffer.from('{}'));
    expect(verdict).toEqual({ ok: false, code: 'upgrade_signature_invalid', details: { reason: 'worker_failed' } });
  });
});
