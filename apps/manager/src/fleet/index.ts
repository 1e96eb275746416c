import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.ts';
import { FleetController } from './fleet.controller.ts';
import { Fleet } from './fleet.ts';
import { LiveStream } from './live-stream.ts';

@Module({ imports: [AuthModule], controllers: [FleetController], providers: [Fleet, LiveStream] })
export class FleetModule {}
