import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type DiscoveryRemoteConfig, type ManagerConfig } from '../platform/index.ts';

export interface ConfiguredRemote extends DiscoveryRemoteConfig {
  /** Tells answers of this address and pattern from those of another. */
  readonly key: string;
  /** For people: what may carry credentials is not in it. */
  readonly shownUrl: string;
}

/** The remotes of this installation: from file and environment, by device type, never from a request. */
@Injectable()
export class ConfiguredRemotes {
  readonly all: readonly ConfiguredRemote[];
  readonly deviceTypes: readonly string[];

  constructor(@Inject(CONFIG) config: ManagerConfig) {
    this.all = config.discovery.remotes.map((remote) => {
      const { origin, pathname } = new URL(remote.url);
      const key = createHash('sha256').update(`${remote.url}\n${remote.tag_pattern}`).digest('hex');
      return { ...remote, key, shownUrl: `${origin}${pathname}` };
    });
    this.deviceTypes = this.all.map((remote) => remote.device_type);
  }

  of(deviceType: string): ConfiguredRemote | undefined {
    return this.all.find((remote) => remote.device_type === deviceType);
  }
}
