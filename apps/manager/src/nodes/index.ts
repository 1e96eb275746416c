import { Module } from '@nestjs/common';
import { CloneWatch } from './clone-watch.ts';
import { Enrolment } from './enrolment.ts';
import { KeyRotation } from './key-rotation.ts';
import { BeatWriter } from './link/beat-writer.ts';
import { Handshake } from './link/handshake.ts';
import { NodeLink } from './link/node-link.ts';
import { NodeGateway } from './link/node.gateway.ts';
import { SessionKeeper } from './link/session-keeper.ts';
import { StandingWatch } from './link/standing-watch.ts';
import { NodeActs } from './node-acts.ts';
import { NodeCare } from './node-care.ts';
import { NodeStandings } from './node-standing.ts';
import { RegistrationTokensController } from './registration-tokens.controller.ts';
import { RegistrationTokens } from './registration-tokens.ts';

@Module({
  controllers: [RegistrationTokensController],
  providers: [
    RegistrationTokens,
    Enrolment,
    NodeActs,
    NodeCare,
    NodeStandings,
    KeyRotation,
    CloneWatch,
    Handshake,
    BeatWriter,
    NodeLink,
    SessionKeeper,
    StandingWatch,
    NodeGateway,
  ],
  exports: [NodeLink, NodeCare, NodeStandings, KeyRotation],
})
export class NodesModule {}

export { KeyRotation } from './key-rotation.ts';
export { NodeLink, type LiveSession, type NodeLinkListener } from './link/node-link.ts';
export { NodeWsAdapter } from './link/node-ws-adapter.ts';
export { NodeGateway } from './link/node.gateway.ts';
export { NodeCare } from './node-care.ts';
export { NodeStandings } from './node-standing.ts';
export { nodesPersistence } from './persistence/index.ts';
export { findNode, findStanding, type NodeStanding } from './persistence/node-records.ts';
