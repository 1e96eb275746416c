import { releaseVersion } from '@tidegate/contract-manifest';
import type { AllowedSigner } from './signer.ts';

const PLACE = '{version}';
const patternText = (pattern: AllowedSigner['refPattern']): string =>
  pattern.startsWith('test:') ? pattern.slice('test:'.length) : pattern;

/** The one ref a release of this version may have been built from. A pattern without the place is the same for every version. */
export const refOfVersion = (pattern: AllowedSigner['refPattern'], version: string): string =>
  patternText(pattern).replace(PLACE, () => version);

/** Whether some version could have this ref. Which one is only known after the manifest was parsed: see bindManifest. */
export function refFitsPattern(pattern: AllowedSigner['refPattern'], ref: string): boolean {
  const text = patternText(pattern);
  const at = text.indexOf(PLACE);
  if (at < 0) return ref === text;
  const head = text.slice(0, at);
  const tail = text.slice(at + PLACE.length);
  if (ref.length < head.length + tail.length || !ref.startsWith(head) || !ref.endsWith(tail)) return false;
  return releaseVersion.safeParse(ref.slice(head.length, ref.length - tail.length)).success;
}
