import { Module } from '@nestjs/common';
import { CheckRequests } from './checks/check-requests.ts';
import { UpgradeChecksController } from './checks/upgrade-checks.controller.ts';
import { UpgradeChecks } from './checks/upgrade-checks.ts';
import { MirrorAccess } from './mirror/mirror-access.ts';
import { MirrorController } from './mirror/mirror.controller.ts';
import { Mirror } from './mirror/mirror.ts';
import { ReleaseCatalogue } from './release-catalogue.ts';
import { ReleaseSources } from './release-sources.ts';
import { ReleaseStatements } from './release-statements.ts';
import { ReleasesController } from './releases.controller.ts';
import { TrustAnchors } from './trust-anchors.ts';

@Module({
  controllers: [ReleasesController, UpgradeChecksController, MirrorController],
  providers: [ReleaseSources, TrustAnchors, ReleaseCatalogue, ReleaseStatements, UpgradeChecks, CheckRequests, MirrorAccess, Mirror],
  exports: [ReleaseCatalogue, ReleaseStatements, UpgradeChecks],
})
export class ReleasesModule {}

export { channelOf } from './channel-of.ts';
export { refuseMissingEnvironment, UpgradeChecks } from './checks/upgrade-checks.ts';
export { probeSource } from './probe-source.ts';
export { ReleaseSources } from './release-sources.ts';
export { ReleaseCatalogue } from './release-catalogue.ts';
export { ReleaseStatements } from './release-statements.ts';
export { releasesPersistence } from './persistence/index.ts';
