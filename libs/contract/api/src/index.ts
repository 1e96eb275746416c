export {
  connection,
  eventView,
  nodeView,
  upgradeState,
  upgradeView,
  versionBadge,
  type Connection,
  type EventView,
  type NodeView,
  type UpgradeState,
  type UpgradeView,
  type VersionBadge,
} from './node-view.ts';
export {
  createRegistrationToken,
  eventPage,
  listEvents,
  listNodes,
  listReleases,
  nodePage,
  problem,
  registrationTokenView,
  releaseList,
  releaseView,
  requestUpgrade,
  sessionView,
  signIn,
  upgradePage,
  type EventPage,
  type NodePage,
  type Problem,
  type RegistrationTokenView,
  type ReleaseList,
  type ReleaseView,
  type RequestUpgrade,
  type SessionView,
  type UpgradePage,
} from './requests.ts';
export {
  discoveryCandidates,
  discoveryStatus,
  listCandidates,
  type DiscoveryCandidate,
  type DiscoveryCandidates,
  type DiscoveryRemote,
  type DiscoveryStatus,
} from './discovery.ts';
export {
  CHECK_OUTCOMES,
  CHECK_REASONS,
  checkUpgrade,
  checkUpgrades,
  upgradeCheck,
  upgradeChecks,
  type CheckUpgrade,
  type CheckUpgrades,
  type EnvironmentDrift,
  type PostureDrift,
  type UpgradeCheck,
  type UpgradeChecksPage,
} from './upgrade-checks.ts';
export { listMirrored, mirroredRelease, mirroredReleases, type MirroredRelease, type MirroredReleases } from './mirror.ts';
export { apiPath, routeOf, ROUTES, type RouteName } from './routes.ts';
export type { Route } from './route.ts';
export {
  ACTIONS,
  GROUP_ROLES,
  PLATFORM_ROLES,
  TOKEN_SCOPES,
  type Action,
  type ActionRule,
  type GroupRole,
  type PlatformRole,
  type TokenScope,
} from './access.ts';
export { streamMessage, type StreamMessage } from './stream.ts';
export { openApiDocument } from './openapi.ts';
