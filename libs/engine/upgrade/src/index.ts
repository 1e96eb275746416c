export type { ArtefactUnpacker, UnpackProgress } from './ports/artefact-unpacker.ts';
export type { ManifestVerifier, VerifiedManifest } from './ports/manifest-verifier.ts';
export type { ReleaseSource, Statement } from './ports/release-source.ts';
