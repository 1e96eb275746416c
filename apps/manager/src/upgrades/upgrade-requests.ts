import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Action as AccessAction, requestUpgrade, returnNode, UpgradeCheck, UpgradeView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import { may } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { findStanding, type NodeStanding } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, CONFIG, Database, type Clock, type ManagerConfig } from '../platform/index.ts';
import { channelOf, refuseMissingEnvironment, UpgradeChecks } from '../releases/index.ts';
import { actionOf, type Wanted } from './action-of.ts';
import { CommandDispatch } from './command-dispatch.ts';
import { insertCommand } from './persistence/command-records.ts';
import * as records from './persistence/upgrade-records.ts';
import type { UpgradeRecord } from './upgrade-life.ts';
import { viewOfUpgrade } from './upgrade-view.ts';
import { refusalOf } from './wave-verdict.ts';

type UpgradeRequest = z.output<typeof requestUpgrade>;
type ReturnRequest = z.output<typeof returnNode>;

/** The node has it already: nothing was begun. */
interface Unchanged {
  readonly check: UpgradeCheck;
}
interface Begun {
  readonly upgrade: UpgradeView;
}

/** What people ask a node for: a release, or the version it had before. Answers what was accepted, not what was done. */
@Injectable()
export class UpgradeRequests {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly checks: UpgradeChecks,
    private readonly dispatch: CommandDispatch,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  /**
   * The check is derived anew, whatever somebody was shown before. Row, command and audit in one transaction; sent after it.
   * @throws CodedError node_not_found, forbidden, node_revoked, node_quarantined, node_in_maintenance, node_offline,
   *   upgrade_not_supported, upgrade_version_unknown, upgrade_env_missing, upgrade_provenance_mismatch (it runs the version from another
   *   manifest than the pinned one), upgrade_in_progress; nothing is stored then.
   */
  async upgrade(caller: SignedIn, nodeId: string, request: UpgradeRequest): Promise<Begun | Unchanged> {
    const standing = await this.standingFor(caller, nodeId, 'node.upgrade', request.queue);
    if (standing.inMaintenance && !request.in_maintenance) throw new CodedError('node_in_maintenance');
    const { version, channel, expected_manifest_sha256: pin = null } = request;
    const check = await this.database.read((em) => this.checks.derive(em, nodeId, version, channel));
    if (check.reason === 'same_version') {
      const { manifestSha256: runs } = standing;
      if (pin !== null && runs !== null && runs !== pin)
        throw new CodedError('upgrade_provenance_mismatch', { expected: pin, reported: runs });
      return { check };
    }
    // The list is advisory: a source that does not answer keeps nobody from an upgrade, the node has its own.
    if (check.outcome === 'product-not-found') throw new CodedError('upgrade_version_unknown', { version, channel });
    refuseMissingEnvironment(check);
    const retrySkipped = request.retry_skipped;
    const wanted: Wanted = { action: 'upgrade', version, channel, expectedManifestSha256: pin, retrySkipped };
    return { upgrade: await this.begin(caller, standing, wanted, request) };
  }

  /**
   * Also for a node in maintenance: the way back stays open.
   * @throws CodedError as `upgrade`, and upgrade_no_previous
   */
  async goBack(caller: SignedIn, nodeId: string, request: ReturnRequest): Promise<UpgradeView> {
    const standing = await this.standingFor(caller, nodeId, 'node.return', request.queue);
    const previous = releaseVersion.safeParse(standing.previousVersion);
    if (!previous.success) throw new CodedError('upgrade_no_previous');
    const { data: version } = previous;
    if (request.version !== undefined && request.version !== version) throw new CodedError('upgrade_no_previous', { previous: version });
    const wanted: Wanted = { action: 'return', version, channel: channelOf(version), expectedManifestSha256: null, retrySkipped: false };
    return await this.begin(caller, standing, wanted, request);
  }

  private async standingFor(caller: SignedIn, nodeId: string, act: AccessAction, queue: boolean): Promise<NodeStanding> {
    const standing = await this.database.read((em) => findStanding(em, nodeId, this.clock.now()));
    const target = standing && { groupId: standing.groupId, nodeId };
    if (!target || standing.removedAt || !may(caller.principal, 'node.read', target)) throw new CodedError('node_not_found');
    if (!may(caller.principal, act, target)) throw new CodedError('forbidden');
    const code = refusalOf({
      revoked: standing.revokedAt !== null,
      quarantined: standing.quarantinedAt !== null,
      connected: queue || standing.connected,
      capable: standing.capabilities.includes('upgrade'),
    });
    if (code) throw new CodedError(code);
    return standing;
  }

  private async begin(
    caller: SignedIn,
    standing: NodeStanding,
    wanted: Wanted,
    { timeout_secs: timeoutSecs = this.config.upgrade_timeout_secs }: Pick<UpgradeRequest, 'timeout_secs'>,
  ): Promise<UpgradeView> {
    const now = this.clock.now();
    const record: UpgradeRecord = {
      ...wanted,
      id: randomUUID(),
      nodeId: standing.id,
      groupId: standing.groupId,
      fromVersion: standing.softwareVersion,
      state: 'queued',
      progress: null,
      attemptId: null,
      errorCode: null,
      errorDetails: {},
      requestedBy: caller.actor,
      requestedAt: now,
      deadlineAt: new Date(now.getTime() + timeoutSecs * 1000),
      finishedAt: null,
      steps: [{ state: 'queued', at: now.toISOString() }],
    };
    await this.database.transaction((em) => this.store(em, caller, record));
    this.changes.emit('node', standing.id);
    await this.dispatch.wake(standing.id);
    return viewOfUpgrade((await this.database.read((em) => records.findUpgrade(em, record.id))) ?? record);
  }

  private async store(em: EntityManager, caller: SignedIn, record: UpgradeRecord): Promise<void> {
    if (!(await records.insertUpgrade(em, record))) throw new CodedError('upgrade_in_progress');
    const { id, nodeId, version, channel, expectedManifestSha256: pin, retrySkipped, deadlineAt: expiresAt } = record;
    await insertCommand(em, { id, nodeId, upgradeId: id, action: actionOf(record), expiresAt }, record.requestedAt);
    await this.audit.append(em, {
      actor: caller.actor,
      action: record.action === 'return' ? 'node.rollback.request' : 'node.upgrade.request',
      target: { kind: 'node', id: nodeId },
      address: caller.address,
      details: {
        version,
        channel,
        upgrade_id: id,
        ...(pin !== null && { expected_manifest_sha256: pin }),
        ...(retrySkipped && { retry_skipped: true }),
      },
    });
  }
}
