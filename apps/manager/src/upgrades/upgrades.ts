import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { requestUpgrade, UpgradePage, UpgradeView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import { action, commandId } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { findStanding, type NodeStanding } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, CONFIG, Database, type Clock, type ManagerConfig } from '../platform/index.ts';
import { ReleaseCatalogue } from '../releases/index.ts';
import { CommandDispatch } from './command-dispatch.ts';
import { hasOpenCancel, insertCommand, settleCommandsOf } from './persistence/command-records.ts';
import * as records from './persistence/upgrade-records.ts';
import { canCancel, hasEnded, type UpgradeRecord } from './upgrade-life.ts';
import { UpgradeTracker } from './upgrade-tracker.ts';
import { viewOfUpgrade } from './upgrade-view.ts';

type Request = z.output<typeof requestUpgrade>;

/** What people ask for: an upgrade of one node, its state, its end. */
@Injectable()
export class Upgrades {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly catalogue: ReleaseCatalogue,
    private readonly tracker: UpgradeTracker,
    private readonly dispatch: CommandDispatch,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  /**
   * Row, command and audit in one transaction; sent after it. Answers what was accepted, not what was done.
   * @throws CodedError node_not_found, forbidden, node_revoked, node_quarantined, node_offline, upgrade_not_supported, upgrade_version_unknown,
   *   upgrade_in_progress; nothing is stored then.
   */
  async request(caller: SignedIn, nodeId: string, request: Request): Promise<UpgradeView> {
    const standing = await this.standingFor(caller, nodeId);
    if (standing.removedAt) throw new CodedError('node_not_found');
    if (standing.revokedAt) throw new CodedError('node_revoked');
    if (standing.quarantinedAt) throw new CodedError('node_quarantined');
    if (!request.queue && !standing.connected) throw new CodedError('node_offline');
    if (!standing.capabilities.includes('upgrade')) throw new CodedError('upgrade_not_supported');
    // The list is advisory: a source that does not answer keeps nobody from an upgrade, the node has its own.
    const listed = await this.catalogue.has(standing.deviceType, request.version, request.channel);
    if (listed === 'no') throw new CodedError('upgrade_version_unknown', { version: request.version, channel: request.channel });
    const record = this.newRecord(caller, standing, request);
    await this.database.transaction((em) => this.store(em, caller, record));
    this.changes.emit('node', nodeId);
    await this.dispatch.wake(nodeId);
    return viewOfUpgrade((await this.database.read((em) => records.findUpgrade(em, record.id))) ?? record);
  }

  private async standingFor(caller: SignedIn, nodeId: string): Promise<NodeStanding> {
    const standing = await this.database.read((em) => findStanding(em, nodeId));
    if (!standing || !may(caller.principal, 'node.read', { groupId: standing.groupId, nodeId })) throw new CodedError('node_not_found');
    if (!may(caller.principal, 'node.upgrade', { groupId: standing.groupId, nodeId })) throw new CodedError('forbidden');
    return standing;
  }

  private newRecord(caller: SignedIn, standing: NodeStanding, request: Request): UpgradeRecord {
    const now = this.clock.now();
    return {
      id: randomUUID(),
      nodeId: standing.id,
      groupId: standing.groupId,
      action: 'upgrade',
      version: request.version,
      channel: request.channel,
      fromVersion: standing.softwareVersion,
      state: 'queued',
      progress: null,
      attemptId: null,
      errorCode: null,
      errorDetails: {},
      requestedBy: caller.actor,
      requestedAt: now,
      deadlineAt: new Date(now.getTime() + this.config.upgrade_timeout_secs * 1000),
      finishedAt: null,
      steps: [{ state: 'queued', at: now.toISOString() }],
    };
  }

  private async store(em: EntityManager, caller: SignedIn, record: UpgradeRecord): Promise<void> {
    if (!(await records.insertUpgrade(em, record))) throw new CodedError('upgrade_in_progress');
    const { id, nodeId, version, channel, deadlineAt: expiresAt } = record;
    const upgrade = action.parse({ kind: 'upgrade_binary', version, channel });
    await insertCommand(em, { id, nodeId, upgradeId: id, action: upgrade, expiresAt }, record.requestedAt);
    await this.audit.append(em, {
      actor: caller.actor,
      action: 'node.upgrade.request',
      target: { kind: 'node', id: nodeId },
      address: caller.address,
      details: { version, channel, upgrade_id: id },
    });
  }

  /**
   * What never left the manager ends here; otherwise the node is asked, and ends it by an event if it still can.
   * @throws CodedError upgrade_not_found, forbidden, upgrade_not_cancellable
   */
  async cancel(caller: SignedIn, id: string): Promise<UpgradeView> {
    const seen = await this.visible(caller, id);
    if (!may(caller.principal, 'upgrade.cancel', seen)) throw new CodedError('forbidden');
    const now = this.clock.now();
    const record = await this.database.transaction(async (em) => {
      const [locked] = await records.lockUpgrades(em, [id]);
      if (!locked || !canCancel(locked.state)) throw new CodedError('upgrade_not_cancellable', { state: locked?.state ?? null });
      await this.audit.append(em, {
        actor: caller.actor,
        action: 'node.upgrade.cancel',
        target: { kind: 'node', id: locked.nodeId },
        address: caller.address,
        details: { upgrade_id: id, version: locked.version, state: locked.state },
      });
      if (locked.state === 'queued') {
        await settleCommandsOf(em, [id], now);
        return await this.tracker.apply(em, locked, { kind: 'ended', state: 'refused', errorCode: 'upgrade_cancelled', errorDetails: {} });
      }
      if (await hasOpenCancel(em, id)) return locked;
      const cancel = action.parse({ kind: 'cancel', command_id: id });
      const command = {
        id: commandId.parse(randomUUID()),
        nodeId: locked.nodeId,
        upgradeId: id,
        action: cancel,
        expiresAt: locked.deadlineAt,
      };
      await insertCommand(em, command, now);
      return locked;
    });
    this.changes.emit('node', record.nodeId);
    if (!hasEnded(record.state)) await this.dispatch.wake(record.nodeId);
    return viewOfUpgrade(record);
  }

  async read(caller: SignedIn, id: string): Promise<UpgradeView> {
    return viewOfUpgrade(await this.visible(caller, id));
  }

  async listOfNode(caller: SignedIn, nodeId: string, query: { limit: number; cursor?: string | undefined }): Promise<UpgradePage> {
    const before = query.cursor === undefined ? null : new Date(query.cursor);
    if (before && Number.isNaN(before.getTime())) throw new CodedError('request_invalid', { fields: ['cursor: invalid'] });
    return await this.database.read(async (em) => {
      const standing = await findStanding(em, nodeId);
      if (!standing || !may(caller.principal, 'upgrade.read', { groupId: standing.groupId, nodeId }))
        throw new CodedError('node_not_found');
      const found = await records.listUpgradesOfNode(em, nodeId, query.limit + 1, before);
      const items = found.slice(0, query.limit);
      const next = found.length > query.limit ? (items.at(-1)?.requestedAt.toISOString() ?? null) : null;
      return { items: items.map(viewOfUpgrade), next_cursor: next };
    });
  }

  private async visible(caller: SignedIn, id: string): Promise<UpgradeRecord> {
    const record = await this.database.read((em) => records.findUpgrade(em, id));
    if (!record || !may(caller.principal, 'upgrade.read', record)) throw new CodedError('upgrade_not_found');
    return record;
  }
}
