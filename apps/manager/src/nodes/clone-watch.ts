import { Inject, Injectable } from '@nestjs/common';
import type { Auth } from '@tidegate/contract-protocol';
import { AuditTrail } from '../audit/index.ts';
import { EventLog } from '../event-log/index.ts';
import { ChangeFeed, CLOCK, CONFIG, Database, type Clock, type ManagerConfig } from '../platform/index.ts';
import { cloneEvidence } from './clone-rule.ts';
import { quarantineNode } from './persistence/node-life-records.ts';
import type { SessionBefore } from './persistence/node-records.ts';

/** Puts a node into quarantine whose identity two machines use. It stays connected: nobody knows which of them is the right one. */
@Injectable()
export class CloneWatch {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly events: EventLog,
    private readonly changes: ChangeFeed,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async look(before: SessionBefore, { node_id: nodeId, machine_id, boot_id, run_id }: Auth): Promise<void> {
    const now = this.clock.now();
    const comer = { machineId: machine_id, bootId: boot_id, runId: run_id };
    const evidence = cloneEvidence(before, comer, now, this.config.stale_after_secs * 1000);
    if (!evidence) return;
    const quarantined = await this.database.transaction(async (em) => {
      const groupId = await quarantineNode(em, nodeId, evidence, now);
      if (!groupId) return false;
      await this.audit.append(em, {
        actor: 'system',
        action: 'node.quarantine',
        target: { kind: 'node', id: nodeId },
        details: { reason: 'clone', ...evidence },
      });
      await this.events.record(em, { name: 'node_clone_detected', nodeId, groupId, details: { ...evidence } });
      return true;
    });
    if (quarantined) this.changes.emit('node', nodeId);
  }
}
