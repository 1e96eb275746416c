import { parseManifest, type Artefact, type Manifest, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { EngineParts } from './engine-parts.ts';

/** What a slot's own statement says; null when it is missing or no manifest. Signed bytes, checked when the slot was made. */
export async function manifestOf(parts: Pick<EngineParts, 'slots'>, version: ReleaseVersion): Promise<Manifest | null> {
  const statement = await parts.slots.readStatement(version);
  const manifest = statement ? parseManifest(statement.manifestBytes) : null;
  return manifest?.ok ? manifest.value : null;
}

export const artefactFor = (manifest: Manifest, self: Pick<EngineParts['self'], 'arch' | 'variant'>): Artefact | undefined =>
  manifest.artefacts.find((one) => (one.arch === self.arch || one.arch === 'any') && one.variant === self.variant);
