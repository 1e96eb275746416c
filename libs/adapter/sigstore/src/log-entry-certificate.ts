const PEM = /^-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END CERTIFICATE-----\n?$/;

/**
 * DER of the certificate a hashedrekord entry was logged with, or `null` when it holds none (a bare key, several).
 * Sigstore client spec 4.4: it must equal the bundle's. The library compares digest and signature only, so without this a
 * log entry made with somebody else's certificate passes (sigstore-conformance: wrong-hashedrekord-cert-and-sig).
 *
 * @param body the entry's canonicalizedBody; its inclusion in the log is verified elsewhere
 */
export function certificateInLogEntry(body: Buffer, version: string): Buffer | null {
  const { spec } = JSON.parse(body.toString('utf8')) as LogEntryBody;
  if (version === '0.0.1') {
    const pem = Buffer.from(spec?.signature?.publicKey?.content ?? '', 'base64').toString('latin1');
    const base64 = PEM.exec(pem)?.[1];
    return base64 === undefined ? null : Buffer.from(base64, 'base64');
  }
  const rawBytes = spec?.hashedRekordV002?.signature?.verifier?.x509Certificate?.rawBytes;
  return rawBytes === undefined ? null : Buffer.from(rawBytes, 'base64');
}

/** Only the path to the certificate; the rest of the body is checked by the library. */
interface LogEntryBody {
  spec?: {
    signature?: { publicKey?: { content?: string } };
    hashedRekordV002?: { signature?: { verifier?: { x509Certificate?: { rawBytes?: string } } } };
  };
}
