import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import { LIMITS } from './limits.ts';
import { manifest, type Manifest } from './manifest.ts';

/**
 * Parses the bytes that were signed, once, after their signature was verified.
 * Refuses with `upgrade_manifest_invalid`; never throws, whatever the bytes.
 */
export function parseManifest(bytes: Uint8Array): Verdict<Manifest> {
  if (bytes.length > LIMITS.manifestBytes) return refuse('upgrade_manifest_invalid', { field: '', rule: 'too large', bytes: bytes.length });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('upgrade_manifest_invalid', { field: '', rule: 'no JSON' });
  }
  const parsed = manifest.safeParse(json);
  if (parsed.success) return accept(parsed.data);
  const first = parsed.error.issues[0];
  return refuse('upgrade_manifest_invalid', { field: first?.path.join('.') ?? '', rule: first?.message ?? 'invalid' });
}
