import { Body, Controller, Param } from '@nestjs/common';
import { moveNode, releaseNode, replaceLabels, revokeNode, startMaintenance, updateNode, type NodeView } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { KeyRotation, NodeCare, NodeStandings } from '../nodes/index.ts';
import { against, entityId, IfMatch, Serve } from '../platform/index.ts';
import { Fleet } from './fleet.ts';

const NodeId = (): ParameterDecorator => Param('id', entityId('node_not_found'));

/** What people do to one node; each act is answered with the node as it is then. */
@Controller()
export class NodeActsController {
  constructor(
    private readonly fleet: Fleet,
    private readonly care: NodeCare,
    private readonly standings: NodeStandings,
    private readonly rotation: KeyRotation,
  ) {}

  @Serve('updateNode')
  async update(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @IfMatch() revision: number,
    @Body(against(updateNode)) body: z.output<typeof updateNode>,
  ): Promise<NodeView> {
    await this.care.update(caller, id, revision, body);
    return await this.fleet.read(caller, id);
  }

  @Serve('replaceNodeLabels')
  async replaceLabels(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @IfMatch() revision: number,
    @Body(against(replaceLabels)) body: z.output<typeof replaceLabels>,
  ): Promise<NodeView> {
    await this.care.replaceLabels(caller, id, revision, body);
    return await this.fleet.read(caller, id);
  }

  @Serve('startNodeMaintenance')
  async startMaintenance(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @Body(against(startMaintenance)) body: z.output<typeof startMaintenance>,
  ): Promise<NodeView> {
    await this.care.startMaintenance(caller, id, body);
    return await this.fleet.read(caller, id);
  }

  @Serve('endNodeMaintenance')
  async endMaintenance(@Caller() caller: SignedIn, @NodeId() id: string): Promise<NodeView> {
    await this.care.endMaintenance(caller, id);
    return await this.fleet.read(caller, id);
  }

  @Serve('moveNode')
  async move(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @Body(against(moveNode)) body: z.output<typeof moveNode>,
  ): Promise<NodeView> {
    await this.standings.move(caller, id, body.group);
    return await this.fleet.read(caller, id);
  }

  @Serve('rotateNodeKey')
  async rotateKey(@Caller() caller: SignedIn, @NodeId() id: string): Promise<NodeView> {
    await this.rotation.ask(caller, id);
    return await this.fleet.read(caller, id);
  }

  @Serve('revokeNode')
  async revoke(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @Body(against(revokeNode)) body: z.output<typeof revokeNode>,
  ): Promise<NodeView> {
    await this.standings.revoke(caller, id, body.reason);
    return await this.fleet.read(caller, id);
  }

  @Serve('releaseNode')
  async release(
    @Caller() caller: SignedIn,
    @NodeId() id: string,
    @Body(against(releaseNode)) body: z.output<typeof releaseNode>,
  ): Promise<NodeView> {
    await this.standings.release(caller, id, body.reason);
    return await this.fleet.read(caller, id);
  }

  @Serve('removeNode')
  remove(@Caller() caller: SignedIn, @NodeId() id: string): Promise<void> {
    return this.standings.remove(caller, id);
  }
}
