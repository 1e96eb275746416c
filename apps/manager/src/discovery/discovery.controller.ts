import { Controller, Query } from '@nestjs/common';
import { listCandidates, type DiscoveryCandidates, type DiscoveryStatus } from '@tidegate/contract-api';
import type { z } from 'zod';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, Serve } from '../platform/index.ts';
import { DiscoveryChecks } from './discovery-checks.ts';
import { Discovery } from './discovery.ts';

@Controller()
export class DiscoveryController {
  constructor(
    private readonly discovery: Discovery,
    private readonly checks: DiscoveryChecks,
  ) {}

  @Serve('readDiscoveryStatus')
  status(): Promise<DiscoveryStatus> {
    return this.discovery.status();
  }

  @Serve('listDiscoveryCandidates')
  candidates(@Query(against(listCandidates)) query: z.output<typeof listCandidates>): Promise<DiscoveryCandidates> {
    return this.discovery.candidates(query);
  }

  @Serve('checkDiscovery')
  async check(@Caller() caller: SignedIn): Promise<DiscoveryStatus> {
    await this.checks.begin(caller);
    return await this.discovery.status();
  }
}
