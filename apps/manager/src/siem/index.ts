import { Module } from '@nestjs/common';
import { RecordPull } from './record-pull.ts';
import { SiemController } from './siem.controller.ts';

@Module({ controllers: [SiemController], providers: [RecordPull] })
export class SiemModule {}
