import { Controller, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { listMirrored, type MirroredRelease, type MirroredReleases } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, Serve, type ManagerConfig } from '../../platform/index.ts';
import { MirrorAccess } from './mirror-access.ts';
import { Mirror } from './mirror.ts';
import { sendFile } from './send-file.ts';

interface Place {
  readonly device_type: string;
  readonly owner: string;
  readonly repo: string;
}

/** What an edge asks of a release source, as far as it asks. Nobody signs in here: see MirrorAccess for who may read. */
@Controller()
export class MirrorController {
  private sending = 0;

  constructor(
    private readonly access: MirrorAccess,
    private readonly mirror: Mirror,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Serve('listMirroredReleases')
  async list(
    @Req() request: Request,
    @Param() place: Place,
    @Query(against(listMirrored)) query: z.output<typeof listMirrored>,
  ): Promise<MirroredReleases> {
    await this.admit(request, place);
    return await this.mirror.list(place.device_type, query.per_page);
  }

  @Serve('readMirroredRelease')
  async describe(@Req() request: Request, @Param() place: Place & { readonly tag: string }): Promise<MirroredRelease> {
    await this.admit(request, place);
    return await this.mirror.describe(place.device_type, place.tag);
  }

  @Serve('readMirroredAsset')
  async send(@Req() request: Request, @Res() response: Response, @Param() place: Place & { readonly asset_id: string }): Promise<void> {
    await this.admit(request, place);
    if (!/^[1-9]\d{0,14}$/.test(place.asset_id)) throw new CodedError('mirror_release_missing');
    const file = await this.mirror.file(place.device_type, Number(place.asset_id));
    // Without Retry-After: a node takes that for a limit that lasts, and this lasts for seconds.
    if (this.sending >= this.config.mirror.max_downloads) throw new CodedError('manager_unavailable');
    this.sending += 1;
    try {
      await sendFile(file, () => this.mirror.open(file), request, response);
    } finally {
      this.sending -= 1;
    }
  }

  private admit(request: Request, { device_type: deviceType, owner, repo }: Place): Promise<void> {
    return this.access.admit({ authorization: request.get('authorization'), deviceType, owner, repo });
  }
}
