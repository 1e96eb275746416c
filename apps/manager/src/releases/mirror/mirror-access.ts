import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { carriesTokenOf, CONFIG, type ManagerConfig, type ReleaseSourceConfig } from '../../platform/index.ts';
import { isPrivateSource, ReleaseSources } from '../release-sources.ts';

/**
 * Who may fetch what (docs/adr/0008): releases of public sources are anybody's, unless the mirror has a token, which nodes then
 * send; a private source is mirrored behind a token only, and nothing is mirrored that this manager cannot verify.
 */
@Injectable()
export class MirrorAccess implements OnModuleInit {
  constructor(
    private readonly sources: ReleaseSources,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  /** @throws CodedError config_invalid: a mirror that would hand private releases to anybody does not start */
  onModuleInit(): void {
    const { enabled, token_file: tokenFile } = this.config.mirror;
    const isPrivate = this.sources.all.some((source) => isMirrored(source) && isPrivateSource(source));
    if (enabled && tokenFile === undefined && isPrivate) {
      throw new CodedError('config_invalid', { problems: ['mirror.token_file: needed, because a private release source is mirrored'] });
    }
  }

  /** A mirror that is off has nothing, and says no more. @throws CodedError mirror_token_invalid, mirror_release_missing */
  async admit(request: { authorization: string | undefined; deviceType: string; owner: string; repo: string }): Promise<void> {
    const { enabled, token_file: tokenFile } = this.config.mirror;
    if (!enabled) throw new CodedError('mirror_release_missing');
    if (tokenFile !== undefined && !(await carriesTokenOf(tokenFile, request.authorization))) throw new CodedError('mirror_token_invalid');
    const source = this.sources.of(request.deviceType);
    if (!source || !isMirrored(source) || source.owner !== request.owner || source.repo !== request.repo) {
      throw new CodedError('mirror_release_missing');
    }
  }
}

const isMirrored = (source: ReleaseSourceConfig): boolean => source.trust_anchor_file !== undefined;
