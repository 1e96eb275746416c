import { BUNDLE_V03_MEDIA_TYPE, bundleFromJSON, bundleToJSON, type Bundle } from '@sigstore/bundle';
import { sign } from 'sigstore';

export interface SigningServices {
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  /** An OIDC token for the audience `sigstore`. A secret while it lives. */
  readonly identityToken: string;
  /** Per request. Default 20 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 20_000;
const RETRIES = 2;

/**
 * `manifest.sig.bundle` over exactly these bytes: a one-time key, a certificate for it from Fulcio, and an entry in Rekor.
 * Throws what the Sigstore client throws; a publisher's tool reports that and stops.
 *
 * @returns UTF-8 of a Sigstore bundle v0.3, without white space
 */
export async function signStatement(manifestBytes: Uint8Array, services: SigningServices): Promise<Uint8Array> {
  const { fulcioUrl, rekorUrl, identityToken, timeoutMs: timeout = DEFAULT_TIMEOUT_MS } = services;
  // The client would quote a token it cannot read in its error, and so in the log of a build.
  if (!hasSubject(identityToken)) throw new Error('the identity token is no JWT with a subject');
  const signed = await sign(Buffer.from(manifestBytes), {
    fulcioURL: fulcioUrl,
    rekorURL: rekorUrl,
    identityToken,
    timeout,
    retry: RETRIES,
  });
  return new TextEncoder().encode(JSON.stringify(bundleToJSON(asVersion03(bundleFromJSON(signed)))));
}

/** The client still packs message signatures as v0.2 with a chain of one; v0.3 holds the certificate itself. */
function asVersion03(bundle: Bundle): Bundle {
  const { content } = bundle.verificationMaterial;
  if (content.$case !== 'x509CertificateChain') return bundle;
  const [certificate] = content.x509CertificateChain.certificates;
  if (certificate === undefined) throw new Error('the signing service returned no certificate');
  return {
    ...bundle,
    mediaType: BUNDLE_V03_MEDIA_TYPE,
    verificationMaterial: { ...bundle.verificationMaterial, content: { $case: 'certificate', certificate } },
  };
}

function hasSubject(token: string): boolean {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return claims !== null && typeof claims === 'object' && ('sub' in claims || 'email' in claims);
  } catch {
    return false;
  }
}
