import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ERRORS } from '@tidegate/contract-errors';
import { LIMITS } from '@tidegate/contract-manifest';
import type { AllowedSigner } from '@tidegate/domain-trust-policy';
import { DER_TAG, derElement, type Authority, type WorkflowIdentity } from '@tidegate/test-kit';
import { verifyBundle } from './index.ts';
import {
  anchorOf,
  bundledEntry,
  bytesOf,
  IDENTITY,
  manifestBytes,
  newAuthority,
  signedBundle,
  SIGNER,
  type BundleFaults,
  type LooseBundle,
} from './testing/signed-release.ts';

const ARC = '1.3.6.1.4.1.57264.1.';
const manifest = manifestBytes();
let authority: Authority;
beforeAll(() => {
  authority = newAuthority();
  // Proofs of an only entry are empty; these give every later one real hashes.
  for (const n of [1, 2, 3]) signedBundle(authority, Buffer.from(`earlier ${n}`));
});

const verdictOf = async (bundle: LooseBundle, signers?: readonly AllowedSigner[]) =>
  await verifyBundle(manifest, Buffer.isBuffer(bundle) ? bundle : bytesOf(bundle), anchorOf(authority, signers));
const expectRefusal = async (bundle: LooseBundle, code: keyof typeof ERRORS, reason?: string): Promise<void> =>
  expect(await verdictOf(bundle)).toMatchObject({ ok: false, code, ...(reason && { details: { reason } }) });
const changed = (change: (bundle: LooseBundle) => void): LooseBundle => {
  const bundle = signedBundle(authority, manifest);
  change(bundle);
  return bundle;
};
const entryOf = (bundle: LooseBundle): LooseBundle => bundle.verificationMaterial.tlogEntries[0];
const flipped = (base64: string, at = 0): string => {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64');
};

describe('a genuine bundle', () => {
  it('yields the signer and the identity in its certificate', async () => {
    const name = `${IDENTITY.workflow}@${IDENTITY.ref}`;
    expect(await verdictOf(signedBundle(authority, manifest))).toEqual({
      ok: true,
      value: {
        signer: SIGNER,
        identity: {
          san: name,
          issuer: IDENTITY.issuer,
          buildSigner: name,
          buildConfig: name,
          runner: 'github-hosted',
          sourceRepository: IDENTITY.sourceRepository,
          sourceRevision: IDENTITY.revision,
          sourceRef: IDENTITY.ref,
          sourceRepositoryId: '77',
          sourceRepositoryOwnerId: '7',
          trigger: 'push',
        },
      },
    });
  });

  it.each([
    ['v0.3 in its older spelling', (b: LooseBundle) => void (b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.3')],
    [
      'v0.2 with a chain',
      (b: LooseBundle) => {
        b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
        b.verificationMaterial.x509CertificateChain = { certificates: [b.verificationMaterial.certificate] };
        delete b.verificationMaterial.certificate;
      },
    ],
    [
      'empty members that some tools write',
      (b: LooseBundle) => void (b.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [] }),
    ],
  ])('is accepted as %s', async (_name, change) => {
    expect((await verdictOf(changed(change))).ok).toBe(true);
  });

  it('still verifies years later: time is what the log attested', async () => {
    const old = newAuthority(() => new Date('2026-01-01T00:00:00Z'));
    expect((await verifyBundle(manifest, bytesOf(signedBundle(old, manifest)), anchorOf(old))).ok).toBe(true);
  });

  it('of another authority is refused', async () => {
    await expectRefusal(signedBundle(newAuthority(), manifest), 'upgrade_signature_invalid');
  });
});

describe('the shape of a bundle', () => {
  it.each<[string, (b: LooseBundle) => void, keyof typeof ERRORS, string]>([
    [
      'v0.1, relabelled',
      (b) => (b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1'),
      'upgrade_signature_invalid',
      'bundle_version',
    ],
    [
      'a version of the future',
      (b) => (b.mediaType = 'application/vnd.dev.sigstore.bundle.v0.4+json'),
      'upgrade_signature_invalid',
      'bundle_version',
    ],
    ['a media type with a tail', (b) => (b.mediaType += 'x'), 'upgrade_signature_invalid', 'bundle_version'],
    ['a media type of another kind', (b) => (b.mediaType = [b.mediaType]), 'upgrade_signature_invalid', 'bundle_version'],
    ['v0.1 in all but name: a promise without proof', (b) => delete entryOf(b).inclusionProof, 'upgrade_rekor_invalid', 'entry_incomplete'],
    ['a proof without checkpoint', (b) => delete entryOf(b).inclusionProof.checkpoint, 'upgrade_rekor_invalid', 'entry_incomplete'],
    ['no log entry', (b) => (b.verificationMaterial.tlogEntries = []), 'upgrade_rekor_invalid', 'entry_count'],
    ['two log entries', (b) => b.verificationMaterial.tlogEntries.push(entryOf(b)), 'upgrade_rekor_invalid', 'entry_count'],
    ['an entry of another kind', (b) => (entryOf(b).kindVersion.kind = 'dsse'), 'upgrade_rekor_invalid', 'entry_kind'],
    ['an entry of an unknown version', (b) => (entryOf(b).kindVersion.version = '0.0.3'), 'upgrade_rekor_invalid', 'entry_version'],
    ['Rekor v2 without a timestamp', (b) => (entryOf(b).kindVersion.version = '0.0.2'), 'upgrade_rekor_invalid', 'entry_no_timestamp'],
    [
      'a key hint for a certificate',
      (b) => (b.verificationMaterial = { publicKey: { hint: 'x' }, tlogEntries: b.verificationMaterial.tlogEntries }),
      'upgrade_signature_invalid',
      'bundle_no_certificate',
    ],
    [
      'a chain in v0.3',
      (b) =>
        (b.verificationMaterial = {
          x509CertificateChain: { certificates: [b.verificationMaterial.certificate] },
          tlogEntries: b.verificationMaterial.tlogEntries,
        }),
      'upgrade_signature_invalid',
      'malformed',
    ],
    ['an unknown member', (b) => (b.verificationMaterial.extra = 1), 'upgrade_signature_invalid', 'bundle_not_canonical'],
    ['loose base64', (b) => (b.messageSignature.signature += '\n'), 'upgrade_signature_invalid', 'bundle_not_canonical'],
    [
      'another digest algorithm',
      (b) => (b.messageSignature.messageDigest.algorithm = 'SHA2_384'),
      'upgrade_signature_invalid',
      'bundle_digest',
    ],
    ['a number that is no number', (b) => (entryOf(b).inclusionProof.logIndex = ' 3'), 'upgrade_rekor_invalid', 'entry_number'],
  ])('%s is refused', async (_name, change, code, reason) => {
    await expectRefusal(changed(change), code, reason);
  });

  it('DSSE is refused, alone and beside a message signature', async () => {
    const envelope = { payload: manifest.toString('base64'), payloadType: 'text/plain', signatures: [{ sig: 'AAAA', keyid: '' }] };
    await expectRefusal(
      changed((b) => (b.dsseEnvelope = envelope)),
      'upgrade_signature_invalid',
      'bundle_dsse',
    );
    await expectRefusal(
      changed((b) => {
        b.dsseEnvelope = envelope;
        delete b.messageSignature;
      }),
      'upgrade_signature_invalid',
      'bundle_dsse',
    );
  });

  it('caps hold before anything is parsed', async () => {
    const genuine = bytesOf(signedBundle(authority, manifest));
    const padded = Buffer.concat([genuine, Buffer.alloc(LIMITS.bundleBytes, ' ')]);
    await expectRefusal(padded, 'upgrade_signature_invalid', 'bundle_too_large');
    const huge = Buffer.alloc(LIMITS.manifestBytes + 1);
    const verdict = await verifyBundle(huge, bytesOf(signedBundle(authority, huge)), anchorOf(authority));
    expect(verdict).toMatchObject({ ok: false, details: { reason: 'signed_bytes_too_large' } });
  });
});

describe('the log entry', () => {
  it('made with another certificate is refused, although every signature in the bundle is genuine', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const loggedCertificate = authority.issueCertificate(publicKey, IDENTITY);
    await expectRefusal(
      signedBundle(authority, manifest, IDENTITY, { loggedCertificate }),
      'upgrade_rekor_invalid',
      'entry_certificate_differs',
    );
  });

  it('made with a bare key is refused', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expectRefusal(
      signedBundle(authority, manifest, IDENTITY, { loggedKey: publicKey }),
      'upgrade_rekor_invalid',
      'entry_certificate_differs',
    );
  });

  it.each<[string, (entry: LooseBundle) => void, string]>([
    ['a hash of the proof', (e) => (e.inclusionProof.hashes[0] = flipped(e.inclusionProof.hashes[0])), 'tlog_inclusion_proof_error'],
    ['the number of hashes', (e) => e.inclusionProof.hashes.pop(), 'tlog_inclusion_proof_error'],
    ['the index in the proof', (e) => (e.inclusionProof.logIndex = '0'), 'tlog_inclusion_proof_error'],
    ['the proof’s own root', (e) => (e.inclusionProof.rootHash = flipped(e.inclusionProof.rootHash)), 'checkpoint_differs_from_proof'],
    ['the proof’s own size', (e) => (e.inclusionProof.treeSize = '999'), 'checkpoint_differs_from_proof'],
    [
      'the promise',
      (e) => (e.inclusionPromise.signedEntryTimestamp = flipped(e.inclusionPromise.signedEntryTimestamp, 12)),
      'tlog_inclusion_promise_error',
    ],
    ['the time', (e) => (e.integratedTime = String(Number(e.integratedTime) + 1)), 'tlog_inclusion_promise_error'],
    ['the outer index', (e) => (e.logIndex = '0'), 'tlog_inclusion_promise_error'],
    ['the log’s id', (e) => (e.logId.keyId = flipped(e.logId.keyId)), 'tlog_inclusion_promise_error'],
  ])('with %s altered is refused', async (_name, change, reason) => {
    await expectRefusal(
      changed((b) => change(entryOf(b))),
      'upgrade_rekor_invalid',
      reason,
    );
  });

  it.each<[string, (envelope: string) => string, string]>([
    ['the origin altered', (e) => `x${e}`, 'tlog_inclusion_proof_error'],
    ['a line added to the signed text', (e) => e.replace('\n\n', '\nx\n\n'), 'tlog_inclusion_proof_error'],
    ['another size', (e) => e.replace(/\n(\d+)\n/, '\n1$1\n'), 'checkpoint_differs_from_proof'],
    ['no signature', (e) => e.slice(0, e.indexOf('\u2014')), 'checkpoint_malformed'],
    ['no blank line', (e) => e.replace('\n\n', '\n'), 'checkpoint_malformed'],
    ['text after the signatures', (e) => `${e}x`, 'checkpoint_malformed'],
    ['a signature by another name', (e) => e.replace(/\u2014 \S+/, '\u2014 evil.localhost'), 'tlog_inclusion_proof_error'],
  ])('with a checkpoint with %s is refused', async (_name, change, reason) => {
    const bundle = changed((b) => {
      const { checkpoint } = entryOf(b).inclusionProof;
      checkpoint.envelope = change(checkpoint.envelope);
    });
    await expectRefusal(bundle, 'upgrade_rekor_invalid', reason);
  });

  it('with a checkpoint whose signature bytes are altered is refused', async () => {
    const bundle = changed((b) => {
      const { checkpoint } = entryOf(b).inclusionProof;
      checkpoint.envelope = checkpoint.envelope.replace(
        /(\u2014 \S+ )(\S+)/,
        (_all: string, head: string, signature: string) => head + flipped(signature, 20),
      );
    });
    await expectRefusal(bundle, 'upgrade_rekor_invalid', 'tlog_inclusion_proof_error');
  });

  it('with a checkpoint whose signature is loose base64 is refused, although it decodes to the same bytes', async () => {
    // Only a padded text has bits to spare; the length of an ECDSA signature varies.
    let envelope = '';
    const padded = (): LooseBundle => {
      for (;;) {
        const bundle = signedBundle(authority, manifest);
        envelope = entryOf(bundle).inclusionProof.checkpoint.envelope;
        if (envelope.endsWith('=\n')) return bundle;
      }
    };
    const bundle = padded();
    const at = envelope.search(/=+\n$/) - 1;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const loose = envelope.slice(0, at) + alphabet[alphabet.indexOf(envelope.charAt(at)) ^ 1] + envelope.slice(at + 1);
    entryOf(bundle).inclusionProof.checkpoint.envelope = loose;
    await expectRefusal(bundle, 'upgrade_rekor_invalid', 'checkpoint_malformed');
  });

  it('for another digest is refused, although signature, certificate and log entry agree', async () => {
    const claimedDigest = Buffer.alloc(32, 7);
    await expectRefusal(signedBundle(authority, manifest, IDENTITY, { claimedDigest }), 'upgrade_signature_invalid', 'digest_differs');
  });

  it('of another statement is refused', async () => {
    const other = signedBundle(authority, Buffer.from('other'));
    await expectRefusal(
      changed((b) => (b.verificationMaterial.tlogEntries = [entryOf(other)])),
      'upgrade_rekor_invalid',
      'entry_certificate_differs',
    );
  });

  it('proven against a later, larger tree is accepted', async () => {
    const bundle = signedBundle(authority, manifest);
    const { uuid } = authority.log.append(Buffer.from(entryOf(bundle).canonicalizedBody, 'base64'), authority.now());
    for (const n of [1, 2, 3, 4, 5]) signedBundle(authority, Buffer.from(`later ${n}`));
    bundle.verificationMaterial.tlogEntries = [bundledEntry(authority, uuid)];
    expect((await verdictOf(bundle)).ok).toBe(true);
  });
});

describe('the certificate', () => {
  const extensionOf = (arc: number, text: string) => ({ oid: ARC + arc, value: derElement(DER_TAG.utf8String, Buffer.from(text)) });
  it.each<[string, BundleFaults, string]>([
    ['without an SCT', { withoutSct: true }, 'certificate_error'],
    [
      'with an identity field twice',
      { alterExtensions: (all) => [...all, extensionOf(12, IDENTITY.sourceRepository)] },
      'certificate_duplicate_extension',
    ],
    [
      'with an identity field that is no UTF8String',
      { alterExtensions: (all) => all.map((e) => (e.oid === `${ARC}14` ? { ...e, value: Buffer.from(IDENTITY.ref) } : e)) },
      'certificate_extension',
    ],
    ['with no name', { alterExtensions: (all) => all.filter((e) => e.oid !== '2.5.29.17') }, 'certificate_name'],
    [
      'with two names',
      {
        alterExtensions: (all) =>
          all.map((e) =>
            e.oid === '2.5.29.17'
              ? {
                  ...e,
                  value: derElement(
                    DER_TAG.sequence,
                    derElement(0x86, Buffer.from('https://a.example')),
                    derElement(0x86, Buffer.from('https://b.example')),
                  ),
                }
              : e,
          ),
      },
      'certificate_name',
    ],
    [
      'with an e-mail for a name',
      {
        alterExtensions: (all) =>
          all.map((e) =>
            e.oid === '2.5.29.17' ? { ...e, value: derElement(DER_TAG.sequence, derElement(0x81, Buffer.from('a@b.example'))) } : e,
          ),
      },
      'certificate_name',
    ],
    ['not for code signing', { alterExtensions: (all) => all.filter((e) => e.oid !== '2.5.29.37') }, 'certificate_usage'],
  ])('%s is refused', async (_name, faults, reason) => {
    await expectRefusal(signedBundle(authority, manifest, IDENTITY, faults), 'upgrade_signature_invalid', reason);
  });

  it('that had expired when the log saw it is refused', async () => {
    let now = new Date();
    const clocked = newAuthority(() => now);
    const late: Authority = {
      ...clocked,
      issueCertificate: (...request) => {
        const leaf = clocked.issueCertificate(...request);
        now = new Date(now.getTime() + 3_600_000);
        return leaf;
      },
    };
    const verdict = await verifyBundle(manifest, bytesOf(signedBundle(late, manifest)), anchorOf(clocked));
    expect(verdict).toMatchObject({ ok: false, code: 'upgrade_signature_invalid', details: { reason: 'certificate_error' } });
  });
});

describe('the identity', () => {
  it.each<[string, Partial<WorkflowIdentity>]>([
    ['issuer', { issuer: 'https://token.actions.githubusercontent.com/evil' }],
    ['workflow', { workflow: 'https://github.com/acme/gateway/.github/workflows/release.yaml' }],
    ['ref', { ref: 'refs/heads/main' }],
    ['source repository', { sourceRepository: 'https://github.com/acme/gatewax' }],
    ['repository id', { sourceRepositoryId: '78' }],
    ['owner id', { sourceRepositoryOwnerId: '8' }],
    ['runner', { runner: 'self-hosted' }],
    ['trigger', { trigger: 'pull_request' }],
  ])('with another %s is refused, and shown', async (_name, change) => {
    const identity = { ...IDENTITY, ...change };
    const verdict = await verdictOf(signedBundle(authority, manifest, identity));
    expect(verdict).toMatchObject({
      ok: false,
      code: 'upgrade_identity_not_allowed',
      details: { identity: `${identity.workflow}@${identity.ref}`, issuer: identity.issuer, source_repository: identity.sourceRepository },
    });
  });

  it.each([8, 9, 11, 12, 14, 15, 17, 18, 20])('whose field .%i the certificate lacks is refused', async (arc) => {
    const faults = { alterExtensions: (all: readonly { oid: string; value: Buffer }[]) => all.filter((e) => e.oid !== ARC + arc) };
    await expectRefusal(signedBundle(authority, manifest, IDENTITY, faults), 'upgrade_identity_not_allowed');
  });
});
