export { openAuthority, type Authority, type AuthorityOptions } from './authority/authority.ts';
export type { CertificateFaults } from './authority/certificate-authority.ts';
export { element as derElement, TAG as DER_TAG } from './authority/der.ts';
export { hashedRekordBody, startAuthority, type RunningAuthority } from './authority/start-authority.ts';
export type { WorkflowIdentity } from './authority/workflow-identity.ts';
export { anchorOf, EDGE_SIGNER, makeRelease, type TestSigner } from './publisher/publisher.ts';
export {
  ReleaseStore,
  startFaultyReleaseServer,
  startReleaseServer,
  type ConnectionFaults,
  type FaultyReleaseServer,
  type PublishTarget,
  type ReleaseNote,
  type ReleaseServer,
  type ReleaseServerOptions,
} from './release-server/index.ts';
export { createTestDatabase, type TestDatabase } from './database/test-database.ts';
export { createGitRepository, startGitServer, type GitRepository, type GitServer, type GitServerOptions } from './git-server/index.ts';
