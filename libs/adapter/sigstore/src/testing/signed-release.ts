import { createHash, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { deviceType, type DeviceType } from '@tidegate/contract-manifest';
import type { AllowedSigner, TrustAnchor } from '@tidegate/domain-trust-policy';
import { hashedRekordBody, openAuthority, type Authority, type CertificateFaults, type WorkflowIdentity } from '@tidegate/test-kit';

/** The publisher of the tests: everything below is genuine unless a test asks for a fault. */
export const GATEWAY: DeviceType = deviceType.parse('gateway');
export const REVISION = 'a'.repeat(40);
export const IDENTITY: WorkflowIdentity = {
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: 'https://github.com/acme/gateway/.github/workflows/release.yml',
  ref: 'refs/tags/v1.2.3',
  sourceRepository: 'https://github.com/acme/gateway',
  sourceRepositoryId: '77',
  sourceRepositoryOwnerId: '7',
  revision: REVISION,
};
export const SIGNER: AllowedSigner = {
  name: 'gateway',
  deviceTypes: [GATEWAY],
  issuer: IDENTITY.issuer,
  workflow: IDENTITY.workflow,
  sourceRepository: IDENTITY.sourceRepository,
  sourceRepositoryId: IDENTITY.sourceRepositoryId,
  sourceRepositoryOwnerId: IDENTITY.sourceRepositoryOwnerId,
  refPattern: 'refs/tags/v{version}',
  triggers: ['push'],
};

const dataDirs: string[] = [];
afterAll(() => dataDirs.splice(0).forEach((dataDir) => rmSync(dataDir, { recursive: true })));

/** Lives as long as the suite. */
export function newAuthority(now?: () => Date): Authority {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidegate-authority-'));
  dataDirs.push(dataDir);
  return openAuthority({ dataDir, ...(now && { now }) });
}

export const anchorOf = (authority: Authority, signers: readonly AllowedSigner[] = [SIGNER]): TrustAnchor => ({
  purpose: 'test',
  signers,
  trustedRoot: authority.trustedRoot(),
});

/** The smallest manifest the schema takes; `change` replaces top-level fields. */
export function manifestBytes(change: object = {}): Buffer {
  const digest = '0'.repeat(64);
  const artefact = {
    arch: 'any',
    variant: 'thin',
    name: 'gateway.tar.gz',
    size: 1,
    sha256: digest,
    format: 'tar.gz',
    chunk_size: 4 * 1024 * 1024,
    chunk_sha256: [digest],
    unpacked_size: 1,
    entrypoint: 'bin/gateway',
    files: [{ path: 'bin/gateway', mode: '0755', size: 1, sha256: digest }],
  };
  const manifest = {
    schema: 1,
    device_type: GATEWAY,
    version: '1.2.3',
    channel: 'stable',
    released_at: '2026-11-01T00:00:00Z',
    sequence: 1,
    source: { repository: IDENTITY.sourceRepository, revision: REVISION },
    artefacts: [artefact],
    ...change,
  };
  return Buffer.from(JSON.stringify(manifest));
}

export interface BundleFaults extends CertificateFaults {
  /** Logged in place of the signer's certificate. */
  readonly loggedCertificate?: Buffer;
  /** Logged as a bare public key. */
  readonly loggedKey?: KeyObject;
  /** sha256 claimed by bundle and log alike, in place of the one of the signed bytes. */
  readonly claimedDigest?: Buffer;
}

/** A bundle as JSON, free to be altered. The one signature of it in a log is real. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests reach into it at will, also where it is wrong
export type LooseBundle = any;

export function signedBundle(authority: Authority, bytes: Uint8Array, identity = IDENTITY, faults: BundleFaults = {}): LooseBundle {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = authority.issueCertificate(publicKey, identity, faults);
  const digest = faults.claimedDigest ?? createHash('sha256').update(bytes).digest();
  const signature = sign('sha256', bytes, privateKey).toString('base64');
  const logged =
    faults.loggedKey?.export({ type: 'spki', format: 'pem' }).toString() ??
    new X509Certificate(faults.loggedCertificate ?? leaf).toString();
  const body = hashedRekordBody({ digest: digest.toString('hex'), signature, publicKey: Buffer.from(logged).toString('base64') });
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: leaf.toString('base64') },
      tlogEntries: [bundledEntry(authority, authority.log.append(body, authority.now()).uuid)],
    },
    messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: digest.toString('base64') }, signature },
  };
}

/** Rekor's answer in the bundle's spelling. */
export function bundledEntry(authority: Authority, uuid: string): LooseBundle {
  const entry = authority.log.entry(uuid);
  if (entry === null) throw new Error(`not in the log: ${uuid}`);
  const proof = entry.verification.inclusionProof;
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: base64(entry.logID) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.verification.signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
}

export const bytesOf = (bundle: LooseBundle): Buffer => Buffer.from(JSON.stringify(bundle));
