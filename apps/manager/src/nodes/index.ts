import { Module } from '@nestjs/common';
import { Enrolment } from './enrolment.ts';
import { BeatWriter } from './link/beat-writer.ts';
import { Handshake } from './link/handshake.ts';
import { NodeLink } from './link/node-link.ts';
import { NodeGateway } from './link/node.gateway.ts';
import { SessionKeeper } from './link/session-keeper.ts';
import { RegistrationTokensController } from './registration-tokens.controller.ts';
import { RegistrationTokens } from './registration-tokens.ts';

@Module({
  controllers: [RegistrationTokensController],
  providers: [RegistrationTokens, Enrolment, Handshake, BeatWriter, NodeLink, SessionKeeper, NodeGateway],
  exports: [NodeLink],
})
export class NodesModule {}

export { NodeLink, type LiveSession, type NodeLinkListener } from './link/node-link.ts';
export { NodeWsAdapter } from './link/node-ws-adapter.ts';
export { NodeGateway } from './link/node.gateway.ts';
export { nodesPersistence } from './persistence/index.ts';
export { findNode, findStanding, type NodeStanding } from './persistence/node-records.ts';
