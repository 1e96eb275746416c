export { LIMITS } from './limits.ts';
export { manifest, type Artefact, type FileEntry, type Manifest } from './manifest.ts';
export { parseManifest } from './parse-manifest.ts';
export {
  assetName,
  channel,
  deviceType,
  releaseVersion,
  sha256,
  type Channel,
  type DeviceType,
  type ReleaseVersion,
  type Sha256,
} from './primitives.ts';
export { collisionKey, slotPathProblem, STATEMENT_FILES } from './slot-path.ts';
