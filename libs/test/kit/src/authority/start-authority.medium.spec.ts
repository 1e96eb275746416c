import { X509Certificate } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { signStatement } from '@tidegate/adapter-release-pack';
import { startAuthority, type RunningAuthority } from './start-authority.ts';
import type { WorkflowIdentity } from './workflow-identity.ts';

const identity: WorkflowIdentity = {
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: 'https://github.com/acme/gateway/.github/workflows/release.yml',
  ref: 'refs/tags/v1.2.3',
  sourceRepository: 'https://github.com/acme/gateway',
  sourceRepositoryId: '77',
  sourceRepositoryOwnerId: '7',
  revision: 'a'.repeat(40),
};
const statement = Buffer.from('{"a":"statement"}');
let dataDir: string;
let now: Date;
let open: RunningAuthority[];
const dataDirs: string[] = [];
const newDataDir = (): void => {
  dataDir = mkdtempSync(join(tmpdir(), 'tidegate-authority-'));
  dataDirs.push(dataDir);
};
const start = async (): Promise<RunningAuthority> => {
  const authority = await startAuthority({ dataDir, now: () => now });
  open.push(authority);
  return authority;
};
const signWith = (authority: RunningAuthority, identityToken = authority.identityToken(identity)) =>
  signStatement(statement, { fulcioUrl: authority.fulcioUrl, rekorUrl: authority.rekorUrl, identityToken });
const parse = (bundle: Uint8Array) => JSON.parse(Buffer.from(bundle).toString());
/** The library's own verdict, with the thresholds an edge asks for. */
const verify = (root: object, bundle: Uint8Array, bytes = statement) =>
  new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)), { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 }).verify(
    toSignedEntity(bundleFromJSON(parse(bundle)), bytes),
  );

beforeEach(() => {
  newDataDir();
  now = new Date('2026-06-01T12:00:00.500Z');
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((authority) => authority.close()));
  for (const folder of dataDirs.splice(0)) rmSync(folder, { recursive: true });
});

describe('a release signed by the real Sigstore client', () => {
  it('is a v0.3 bundle that the Sigstore library verifies, with the workflow in its certificate', async () => {
    const authority = await start();
    const bundle = await signWith(authority);
    expect(parse(bundle).mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
    const signer = verify(authority.trustedRoot(), bundle);
    expect(signer.identity?.subjectAlternativeName).toBe(`${identity.workflow}@${identity.ref}`);
    expect(signer.identity?.extensions?.issuer).toContain(identity.issuer);
    expect(() => verify(authority.trustedRoot(), bundle, Buffer.from('other'))).toThrow();
  });

  it('chains by names, key usage and signatures as another X.509 reader sees them', async () => {
    const authority = await start();
    const leaf = new X509Certificate(Buffer.from(parse(await signWith(authority)).verificationMaterial.certificate.rawBytes, 'base64'));
    const { certificates } = (
      authority.trustedRoot() as { certificateAuthorities: [{ certChain: { certificates: { rawBytes: string }[] } }] }
    ).certificateAuthorities[0].certChain;
    const [intermediate, root] = certificates.map(({ rawBytes }) => new X509Certificate(Buffer.from(rawBytes, 'base64'))) as [
      X509Certificate,
      X509Certificate,
    ];
    expect(leaf.checkIssued(intermediate) && leaf.verify(intermediate.publicKey)).toBe(true);
    expect(intermediate.checkIssued(root) && intermediate.verify(root.publicKey)).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
    expect([leaf.ca, intermediate.ca, root.ca]).toEqual([false, true, true]);
    expect(leaf.validFromDate).toEqual(new Date('2026-06-01T12:00:00Z'));
    expect(leaf.subjectAltName).toBe(`URI:${identity.workflow}@${identity.ref}`);
  });

  it('verifies against the first start’s root after a second start, and the log goes on', async () => {
    const first = await start();
    const bundles = [await signWith(first), await signWith(first)];
    const root = first.trustedRoot();
    await first.close();
    now = new Date('2026-07-01T00:00:00Z');
    const second = await start();
    expect(second.trustedRoot()).toEqual(root);
    bundles.push(await signWith(second));
    for (const bundle of bundles) verify(root, bundle);
    expect(bundles.map((bundle) => parse(bundle).verificationMaterial.tlogEntries[0].inclusionProof.treeSize)).toEqual(['1', '2', '3']);
  });

  it('survives a log whose last line was cut off', async () => {
    const first = await start();
    await signWith(first);
    await first.close();
    appendFileSync(join(dataDir, 'transparency-log.jsonl'), '{"body":"half');
    const second = await start();
    const bundle = await signWith(second);
    verify(second.trustedRoot(), bundle);
    expect(parse(bundle).verificationMaterial.tlogEntries[0].logIndex).toBe('1');
    expect(readFileSync(join(dataDir, 'transparency-log.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('leaves keys and logs readable by their owner only', async () => {
    await signWith(await start());
    for (const name of readdirSync(dataDir).filter((file) => file !== 'certificates.json')) {
      expect([name, statSync(join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });
});

describe('the authority refuses', () => {
  const post = async (authority: RunningAuthority, path: string, body: unknown) =>
    await fetch(`${authority.fulcioUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('a token of another authority, an expired one and an altered one', async () => {
    const authority = await start();
    const own = authority.identityToken(identity);
    newDataDir();
    const foreign = (await start()).identityToken(identity);
    const [header, payload, signature] = own.split('.') as [string, string, string];
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), repository_id: '1' };
    const altered = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    for (const token of [foreign, altered]) await expect(signWith(authority, token)).rejects.toThrow();
    now = new Date(now.getTime() + 601_000);
    await expect(signWith(authority, own)).rejects.toThrow();
  });

  it('a key that its holder did not prove', async () => {
    const authority = await start();
    const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const response = await post(authority, '/api/v2/signingCert', {
      credentials: { oidcIdentityToken: authority.identityToken(identity) },
      publicKeyRequest: { publicKey: { algorithm: 'ECDSA', content: pem }, proofOfPossession: 'AAAA' },
    });
    expect(response.status).toBe(400);
  });

  it('entries of other kinds, oversized bodies, garbage and unknown paths, and goes on serving', async () => {
    const authority = await start();
    expect((await post(authority, '/api/v1/log/entries', { kind: 'dsse', apiVersion: '0.0.1' })).status).toBe(400);
    expect((await post(authority, '/api/v1/log/entries', null)).status).toBe(400);
    expect((await post(authority, '/api/v2/signingCert', {})).status).toBe(401);
    expect((await post(authority, '/nowhere', {})).status).toBe(404);
    await post(authority, '/api/v2/signingCert', 'x'.repeat(70_000)).then(
      ({ status }) => expect(status).toBe(400),
      () => undefined,
    );
    verify(authority.trustedRoot(), await signWith(authority));
  });

  it('to log the same entry twice, and says where the first one is', async () => {
    const authority = await start();
    await signWith(authority);
    const stored = JSON.parse(readFileSync(join(dataDir, 'transparency-log.jsonl'), 'utf8'));
    const response = await post(authority, '/api/v1/log/entries', JSON.parse(Buffer.from(stored.body, 'base64').toString()));
    expect(response.status).toBe(409);
    const found = await fetch(`${authority.rekorUrl}${response.headers.get('location')}`);
    expect(Object.values((await found.json()) as object)).toMatchObject([{ body: stored.body, logIndex: 0 }]);
  });
});
