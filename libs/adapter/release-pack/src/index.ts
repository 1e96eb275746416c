export { packRelease, type PackedRelease, type PackReleaseOptions } from './pack-release.ts';
