export { CHUNK_BYTES } from './pack-artefact.ts';
export { packRelease, type PackedRelease, type PackReleaseOptions } from './pack-release.ts';
export { signStatement, type SigningServices } from './sign-statement.ts';
