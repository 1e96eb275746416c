import { Module } from '@nestjs/common';
import { ConfiguredRemotes } from './configured-remotes.ts';
import { DiscoveryChecks } from './discovery-checks.ts';
import { DiscoveryController } from './discovery.controller.ts';
import { Discovery } from './discovery.ts';

@Module({
  controllers: [DiscoveryController],
  providers: [ConfiguredRemotes, DiscoveryChecks, Discovery],
  exports: [Discovery],
})
export class DiscoveryModule {}

export { ConfiguredRemotes } from './configured-remotes.ts';
export { askRemote } from './remote-tags.ts';
export { Discovery, type TagCommit } from './discovery.ts';
export { discoveryPersistence } from './persistence/index.ts';
