import { Controller, Get, Param, Query } from '@nestjs/common';
import { API, listReleases, type ReleaseList } from '@tidegate/contract-api';
import { deviceType } from '@tidegate/contract-manifest';
import type { z } from 'zod';
import { Access } from '../auth/index.ts';
import { against } from '../platform/index.ts';
import { ReleaseCatalogue } from './release-catalogue.ts';

@Controller()
export class ReleasesController {
  constructor(private readonly catalogue: ReleaseCatalogue) {}

  @Access('release.read')
  @Get(API.releases)
  list(
    @Param('device_type', against(deviceType)) type: string,
    @Query(against(listReleases)) query: z.output<typeof listReleases>,
  ): Promise<ReleaseList> {
    return this.catalogue.list(type, query);
  }
}
