import { Inject, Injectable } from '@nestjs/common';
import type { UpgradeCheck } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { nodeId as asNodeId } from '@tidegate/contract-protocol';
import { environmentDrift, postureDrift, type DeclaredConfig } from '@tidegate/domain-drift';
import type { EntityManager } from 'typeorm';
import { CLOCK, LOG, type Clock, type Log } from '../../platform/index.ts';
import { findCheckedNodes, type CheckedNode } from '../persistence/checked-nodes.ts';
import { ReleaseCatalogue } from '../release-catalogue.ts';
import { ReleaseSources } from '../release-sources.ts';
import { ReleaseStatements, type ReleaseStatement } from '../release-statements.ts';
import { outcomeOf, reasonOf, type CheckFacts, type CheckReason } from './check-outcome.ts';
import { expectedRefusals } from './expected-refusals.ts';

/** Whether the statement of the release that runs may be read too; without it the node's own names stand in. */
export type MayReadRunning = (deviceType: string, version: string) => boolean;

/**
 * What an upgrade of a node would mean. Advisory: the node fetches the statement from its own source and verifies it against
 * what was compiled into it. Derived anew each time; a check that somebody else made or kept counts for nothing.
 */
@Injectable()
export class UpgradeChecks {
  constructor(
    private readonly sources: ReleaseSources,
    private readonly catalogue: ReleaseCatalogue,
    private readonly statements: ReleaseStatements,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Not inside of a transaction: it may have to wait for the source.
   * @param version null for the newest of the channel.
   * @throws CodedError node_not_found
   */
  async derive(em: EntityManager, nodeId: string, version: string | null, channel: string): Promise<UpgradeCheck> {
    const [node] = await findCheckedNodes(em, [nodeId]);
    if (!node) throw new CodedError('node_not_found');
    return await this.ofNode(node, version, channel, () => true);
  }

  /** A fault in one check must not take the others of a page with it. */
  async ofNode(node: CheckedNode, asked: string | null, channel: string, mayReadRunning: MayReadRunning): Promise<UpgradeCheck> {
    try {
      return await this.check(node, asked, channel, mayReadRunning);
    } catch (error) {
      this.log.warn({ err: error, node_id: node.id }, 'an upgrade check failed');
      return this.bare(node, 'check_failed', asked, channel);
    }
  }

  /** For an id that names no node, or none the caller may see. */
  notFound(nodeId: string, asked: string | null, channel: string): UpgradeCheck {
    return this.bare({ id: nodeId, deviceType: null, softwareVersion: null }, 'node_not_found', asked, channel);
  }

  private async check(node: CheckedNode, asked: string | null, channel: string, mayReadRunning: MayReadRunning): Promise<UpgradeCheck> {
    const hasSource = this.sources.of(node.deviceType) !== undefined;
    const listed = hasSource ? await this.lookUp(node.deviceType, asked, channel) : 'no';
    const reason = reasonOf({ hasSource, running: node.softwareVersion, asked, listed });
    const version = typeof listed === 'string' ? asked : listed.version;
    const bare = this.bare(node, reason, version, channel);
    const worthReading = bare.outcome === 'upgrade-available' || (reason === 'same_version' && typeof listed !== 'string');
    if (!worthReading || version === null) return bare;
    const statement = await this.readStatement(node.deviceType, version);
    if (!statement) return bare;
    if (!statement.release)
      return { ...bare, ...viewOfStatement(statement), expected_refusals: statement.errorCode ? [statement.errorCode] : [] };
    const running = await this.runningConfig(node, version, statement.release.config, mayReadRunning);
    const environment = environmentDrift(statement.release.config, running, node);
    return {
      ...bare,
      ...viewOfStatement(statement),
      environment,
      posture: postureDrift(statement.release.config, node),
      expected_refusals: expectedRefusals(statement.release, channel, environment.missing, node),
    };
  }

  private async lookUp(deviceType: string, asked: string | null, channel: string): Promise<CheckFacts['listed']> {
    if (asked !== null) {
      const found = await this.catalogue.find(deviceType, asked);
      return typeof found === 'string' ? found : { version: found.version, inChannel: found.channel === channel };
    }
    try {
      const [newest] = (await this.catalogue.list(deviceType, { channel, limit: 1 })).items;
      return newest ? { version: newest.version, inChannel: true } : 'no';
    } catch (error) {
      if (isCodedError(error)) return 'unknown';
      throw error;
    }
  }

  /** Null when the source does not give it: the outcome does not depend on it. */
  private async readStatement(deviceType: string, version: string): Promise<ReleaseStatement | null> {
    try {
      return await this.statements.read(deviceType, version);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.log.debug(
        { code: error.code, device_type: deviceType, version, details: error.details },
        'a release statement could not be read',
      );
      return null;
    }
  }

  private async runningConfig(
    node: CheckedNode,
    candidate: string,
    candidateConfig: DeclaredConfig,
    mayReadRunning: MayReadRunning,
  ): Promise<DeclaredConfig | null> {
    const running = node.softwareVersion;
    if (running === null) return null;
    if (running === candidate) return candidateConfig;
    if (!mayReadRunning(node.deviceType, running)) return null;
    const statement = await this.readStatement(node.deviceType, running);
    // The node says which statement its version came with; another one of the same number tells nothing about it.
    const isOther = node.manifestSha256 !== null && node.manifestSha256 !== statement?.manifestFile.sha256;
    return isOther ? null : (statement?.release?.config ?? null);
  }

  private bare(
    node: { readonly id: string; readonly deviceType: string | null; readonly softwareVersion: string | null },
    reason: CheckReason,
    version: string | null,
    channel: string,
  ): UpgradeCheck {
    return {
      node_id: asNodeId.parse(node.id),
      outcome: outcomeOf(reason),
      reason,
      device_type: node.deviceType,
      running_version: node.softwareVersion,
      version,
      channel,
      statement: null,
      environment: null,
      posture: null,
      expected_refusals: [],
      checked_at: this.clock.now().toISOString(),
    };
  }
}

const viewOfStatement = ({ manifestFile, verification, errorCode, release }: ReleaseStatement): Pick<UpgradeCheck, 'statement'> => ({
  statement: {
    manifest_sha256: manifestFile.sha256,
    verification,
    error_code: errorCode,
    source_revision: release?.source.revision ?? null,
  },
});

/**
 * Before an upgrade is accepted: a variable that the release requires and the node does not have is found here, and not after
 * the node has been asked. @throws CodedError upgrade_env_missing
 */
export function refuseMissingEnvironment(check: UpgradeCheck): void {
  const names = check.environment?.missing ?? [];
  if (names.length > 0) throw new CodedError('upgrade_env_missing', { names });
}
