import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ListUpgrades, UpgradePage, UpgradeView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach, type Reach } from '@tidegate/domain-access';
import { action, commandId } from '@tidegate/contract-protocol';
import { z } from 'zod';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { findNode } from '../nodes/index.ts';
import { ChangeFeed, CLOCK, Database, decodeCursor, encodeCursor, type Clock } from '../platform/index.ts';
import { CommandDispatch } from './command-dispatch.ts';
import { hasOpenCancel, insertCommand, settleCommandsOf } from './persistence/command-records.ts';
import * as records from './persistence/upgrade-records.ts';
import { canCancel, hasEnded, type UpgradeRecord } from './upgrade-life.ts';
import { UpgradeTracker } from './upgrade-tracker.ts';
import { viewOfUpgrade } from './upgrade-view.ts';

const position = z.strictObject({ at: z.iso.datetime(), id: z.uuid() });

/** What became of what was asked for, and calling it off. */
@Injectable()
export class Upgrades {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly tracker: UpgradeTracker,
    private readonly dispatch: CommandDispatch,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

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

  /** @throws CodedError node_not_found, request_invalid for a cursor of another list */
  async listOfNode(caller: SignedIn, nodeId: string, query: { limit: number; cursor?: string | undefined }): Promise<UpgradePage> {
    const standing = await this.database.read((em) => findNode(em, nodeId));
    if (!standing || !may(caller.principal, 'upgrade.read', { groupId: standing.groupId, nodeId })) throw new CodedError('node_not_found');
    return await this.page({ node_id: nodeId }, null, query);
  }

  /** Of all nodes in reach. @throws CodedError request_invalid for a cursor of another list */
  list(caller: SignedIn, { limit, cursor, ...filter }: ListUpgrades): Promise<UpgradePage> {
    return this.page(filter, reach(caller.principal, 'upgrade.read'), { limit, cursor });
  }

  private async page(
    filter: records.UpgradeFilter,
    within: Reach | null,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<UpgradePage> {
    const after = decodeCursor(position, cursor);
    const found = await this.database.read((em) => records.listUpgrades(em, filter, within, { after, limit: limit + 1 }));
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(viewOfUpgrade),
      next_cursor: last ? encodeCursor({ at: last.requestedAt.toISOString(), id: last.id }) : null,
    };
  }

  private async visible(caller: SignedIn, id: string): Promise<UpgradeRecord> {
    const record = await this.database.read((em) => records.findUpgrade(em, id));
    if (!record || !may(caller.principal, 'upgrade.read', record)) throw new CodedError('upgrade_not_found');
    return record;
  }
}
