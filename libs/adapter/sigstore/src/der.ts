/** The few tags of DER that identities are written in (X.690). */
export const TAG = { sequence: 0x30, utf8String: 0x0c, uniformResourceIdentifier: 0x86 } as const;

/**
 * The content of the one element of this tag that fills `bytes` exactly, or `null`. Definite, minimal lengths up to 64 KiB only:
 * the certificate's own parser has accepted the same bytes already, so this reads values, it does not decide structure.
 */
export function derContent(bytes: Uint8Array, tag: number): Uint8Array | null {
  const [actualTag, first] = bytes;
  if (actualTag !== tag || first === undefined) return null;
  if (first < 0x80) return bytes.length === 2 + first ? bytes.subarray(2) : null;
  const lengthBytes = first & 0x7f;
  if (lengthBytes < 1 || lengthBytes > 2) return null;
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[2 + i] ?? 0);
  if (length < (lengthBytes === 1 ? 0x80 : 0x100)) return null;
  return bytes.length === 2 + lengthBytes + length ? bytes.subarray(2 + lengthBytes) : null;
}

/** Text of a string element, or `null` when it is another element or no UTF-8. */
export function derText(bytes: Uint8Array, tag: number): string | null {
  const content = derContent(bytes, tag);
  if (content === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}
