import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.ts';
import { NodesModule } from '../nodes/index.ts';
import { ReleasesModule } from '../releases/index.ts';
import { Explanations } from './explain/explanations.ts';
import { FleetController } from './fleet.controller.ts';
import { Fleet } from './fleet.ts';
import { LiveStream } from './live-stream.ts';
import { NodeActsController } from './node-acts.controller.ts';

@Module({
  imports: [AuthModule, NodesModule, ReleasesModule],
  controllers: [FleetController, NodeActsController],
  providers: [Fleet, LiveStream, Explanations],
  exports: [Fleet],
})
export class FleetModule {}

export { Fleet } from './fleet.ts';
export { Conditions } from './persistence/conditions.ts';
export { connectionOf, inMaintenance, type Moment } from './persistence/node-expressions.ts';
