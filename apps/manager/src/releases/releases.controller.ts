import { Controller, Param, Query } from '@nestjs/common';
import { listReleases, type ReleaseList } from '@tidegate/contract-api';
import { deviceType } from '@tidegate/contract-manifest';
import type { z } from 'zod';
import { against, Serve } from '../platform/index.ts';
import { ReleaseCatalogue } from './release-catalogue.ts';

@Controller()
export class ReleasesController {
  constructor(private readonly catalogue: ReleaseCatalogue) {}

  @Serve('listReleases')
  list(
    @Param('device_type', against(deviceType)) type: string,
    @Query(against(listReleases)) query: z.output<typeof listReleases>,
  ): Promise<ReleaseList> {
    return this.catalogue.list(type, query);
  }
}
