import { Module } from '@nestjs/common';
import { ReleaseCatalogue } from './release-catalogue.ts';
import { ReleasesController } from './releases.controller.ts';

@Module({ controllers: [ReleasesController], providers: [ReleaseCatalogue], exports: [ReleaseCatalogue] })
export class ReleasesModule {}

export { ReleaseCatalogue } from './release-catalogue.ts';
export { channelOf } from './channel-of.ts';
