import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { githubReleaseSource, guardedHttp, type GithubReleaseSource, type GuardedHttp } from '@tidegate/adapter-release-source';
import { CodedError } from '@tidegate/contract-errors';
import { CONFIG, Secrets, sourceTokenPlace, type ManagerConfig, type ReleaseSourceConfig } from '../platform/index.ts';

const USER_AGENT = 'tidegate-manager';
const HEADERS_TIMEOUT_MS = 10_000;

interface SourceSecrets {
  readonly token?: string;
  readonly caPem?: string;
}

/** The configured release sources, one per device type. What is opened here is closed by whoever opened it. */
@Injectable()
export class ReleaseSources {
  private readonly byDeviceType: ReadonlyMap<string, ReleaseSourceConfig>;

  constructor(
    @Inject(CONFIG) config: ManagerConfig,
    @Inject(Secrets) private readonly secrets: Pick<Secrets, 'open'>,
  ) {
    this.byDeviceType = new Map(config.release_sources.map((source) => [source.device_type, source]));
  }

  get all(): readonly ReleaseSourceConfig[] {
    return [...this.byDeviceType.values()];
  }

  of(deviceType: string): ReleaseSourceConfig | undefined {
    return this.byDeviceType.get(deviceType);
  }

  /** As a node opens it, to read statements and artefacts. @throws CodedError source_unavailable when a file of it cannot be read */
  async open(source: ReleaseSourceConfig, limits: { statementDeadlineMs: number; maxRetries: number }): Promise<GithubReleaseSource> {
    return githubReleaseSource({
      apiBaseUrl: source.api_base_url,
      owner: source.owner,
      repo: source.repo,
      allowLoopbackHttp: source.allow_loopback_http,
      allowPrivateAddresses: source.allow_private_addresses,
      userAgent: USER_AGENT,
      limits: { ...limits, headersTimeoutMs: HEADERS_TIMEOUT_MS },
      ...(source.proxy !== undefined && { proxyUrl: source.proxy }),
      ...(await this.readSecrets(source)),
    });
  }

  /** For what nodes do not need, such as pages of the whole list. @throws CodedError as open */
  async http(source: ReleaseSourceConfig): Promise<GuardedHttp> {
    const { token, caPem } = await this.readSecrets(source);
    const { origin } = new URL(source.api_base_url);
    return guardedHttp({
      allowLoopbackHttp: source.allow_loopback_http,
      allowPrivateAddresses: source.allow_private_addresses,
      userAgent: USER_AGENT,
      headersTimeoutMs: HEADERS_TIMEOUT_MS,
      ...(source.proxy !== undefined && { proxyUrl: source.proxy }),
      ...(caPem !== undefined && { caPem }),
      ...(token !== undefined && { credentials: { origin, authorization: `Bearer ${token}` } }),
    });
  }

  /** Read each time: a token that was renewed on disk is used at once. */
  private async readSecrets({
    device_type: deviceType,
    token,
    token_file: tokenFile,
    ca_file: caFile,
  }: ReleaseSourceConfig): Promise<SourceSecrets> {
    const read = (file: string): Promise<string> =>
      readFile(file, 'utf8').catch((cause: unknown) => {
        throw new CodedError('source_unavailable', { reason: 'configuration_file_unreadable' }, { cause });
      });
    return {
      ...(token !== undefined && { token: this.secrets.open(token, sourceTokenPlace(deviceType)) }),
      ...(tokenFile !== undefined && { token: (await read(tokenFile)).trim() }),
      ...(caFile !== undefined && { caPem: await read(caFile) }),
    };
  }
}

/** Whoever reads it is somebody its host knows. */
export const isPrivateSource = ({ token, token_file: tokenFile }: ReleaseSourceConfig): boolean => (token ?? tokenFile) !== undefined;
