export { packRelease, type PackedRelease, type PackReleaseOptions } from './pack-release.ts';
export { signStatement, type SigningServices } from './sign-statement.ts';
