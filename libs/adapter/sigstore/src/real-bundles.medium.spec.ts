import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AllowedSigner } from '@tidegate/domain-trust-policy';
import { verifyBundle } from './index.ts';

/**
 * Bundles of the public Sigstore instances, made by others (sigstore-conformance), in a folder that is not part of this
 * repository: `<case>/bundle.sigstore.json`, the signed file `a.txt`, and where a case has its own `trusted_root.json`.
 */
const folder = process.env['TIDEGATE_REAL_BUNDLES'];
const REPOSITORY = 'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon';
const signer: AllowedSigner = {
  name: 'conformance',
  deviceTypes: [],
  issuer: 'https://token.actions.githubusercontent.com',
  workflow: `${REPOSITORY}/.github/workflows/extremely-dangerous-oidc-beacon.yml`,
  sourceRepository: REPOSITORY,
  refPattern: 'test:refs/heads/main',
  triggers: ['workflow_dispatch'],
};

/** `null`: accepted. A case that is not listed here fails. */
const EXPECTED: Record<string, string | null> = {
  'happy-path-v0.2': null,
  'happy-path-v0.3': null,
  'happy-path-v0.3-new-mediaType': null,
  'rekor2-happy-path': null,
  'happy-path-v0.1': 'upgrade_signature_invalid',
  'happy-path-intoto-in-dsse-v3': 'upgrade_signature_invalid',
  'bundle-from-wrong-instance_fail': 'upgrade_signature_invalid',
  'invalid-inclusion-proof_fail': 'upgrade_rekor_invalid',
  'signature-mismatch_fail': 'upgrade_signature_invalid',
  'wrong-hashedrekord-cert-and-sig_fail': 'upgrade_rekor_invalid',
};

const publicGoodRoot = (): unknown => {
  const seeds = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@sigstore/tuf/seeds.json'), 'utf8'));
  return JSON.parse(Buffer.from(seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'], 'base64').toString());
};

function rootOf(files: string): unknown {
  const own = readdirSync(files).includes('trusted_root.json');
  return own ? JSON.parse(readFileSync(join(files, 'trusted_root.json'), 'utf8')) : publicGoodRoot();
}

async function codeOf(
  path: string,
  name: string,
  change: (bundle: Record<string, unknown>) => object = (same) => same,
): Promise<string | null> {
  const files = join(path, name);
  const bundle = change(JSON.parse(readFileSync(join(files, 'bundle.sigstore.json'), 'utf8')));
  const anchor = { purpose: 'test' as const, signers: [signer], trustedRoot: rootOf(files) };
  const verdict = await verifyBundle(readFileSync(join(path, 'a.txt')), Buffer.from(JSON.stringify(bundle)), anchor);
  return verdict.ok ? null : verdict.code;
}

if (folder === undefined) {
  it('real bundles are absent: TIDEGATE_REAL_BUNDLES is not set, so nothing of the public instances was verified', () => {
    process.stdout.write('real Sigstore bundles: absent (TIDEGATE_REAL_BUNDLES is not set)\n');
    expect(folder).toBeUndefined();
  });
} else {
  describe('real bundles', () => {
    const cases = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);

    it('are the listed cases', () => {
      expect(cases.sort()).toEqual(Object.keys(EXPECTED).sort());
    });

    it.each(cases)('%s', async (name) => {
      expect(await codeOf(folder, name)).toBe(EXPECTED[name]);
    });

    // Their label hides the fault these were made for, so they are tried again under a label that is read on.
    const relabelled = (bundle: Record<string, unknown>) => ({
      ...bundle,
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2',
    });
    it.each([
      // Its signature is not the logged one, which is found before the signature itself is tried.
      ['signature-mismatch_fail', 'upgrade_rekor_invalid'],
      ['bundle-from-wrong-instance_fail', 'upgrade_signature_invalid'],
    ])('%s is refused for its fault too, when it is relabelled as v0.2', async (name, code) => {
      expect(await codeOf(folder, name, relabelled)).toBe(code);
    });
  });
}
