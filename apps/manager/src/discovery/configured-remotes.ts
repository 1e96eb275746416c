import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, remoteTokenPlace, Secrets, type DiscoveryRemoteConfig, type ManagerConfig } from '../platform/index.ts';

export interface ConfiguredRemote extends DiscoveryRemoteConfig {
  /** Tells answers of this address and pattern from those of another. */
  readonly key: string;
  /** For people: what may carry credentials is not in it. */
  readonly shownUrl: string;
  /** The sealed token, where the configuration holds one. */
  readonly openToken: (() => string) | null;
}

/** The remotes of this installation: from file and environment, by device type, never from a request. */
@Injectable()
export class ConfiguredRemotes {
  readonly all: readonly ConfiguredRemote[];
  readonly deviceTypes: readonly string[];

  constructor(@Inject(CONFIG) config: ManagerConfig, @Inject(Secrets) secrets: Pick<Secrets, 'open'>) {
    this.all = config.discovery.remotes.map((remote): ConfiguredRemote => {
      const { origin, pathname } = new URL(remote.url);
      const key = createHash('sha256').update(`${remote.url}\n${remote.tag_pattern}`).digest('hex');
      const { token } = remote;
      const openToken = token === undefined ? null : () => secrets.open(token, remoteTokenPlace(remote.device_type));
      return { ...remote, key, shownUrl: `${origin}${pathname}`, openToken };
    });
    this.deviceTypes = this.all.map((remote) => remote.device_type);
  }

  of(deviceType: string): ConfiguredRemote | undefined {
    return this.all.find((remote) => remote.device_type === deviceType);
  }
}
