import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../platform/index.ts';
import { Sequencer } from '../sequence/index.ts';
import { sha256 } from './audit-trust.ts';
import { chainWaiting, hasWaitingAudit } from './persistence/audit-chain.ts';
import { appendAudit } from './persistence/audit-records.ts';

export interface AuditEntry {
  /** A user name, with the token in brackets where one was used, or `system`. */
  readonly actor: string;
  /** One of the audit actions, e.g. `node.upgrade.request`. */
  readonly action: string;
  readonly target: {
    readonly kind: 'node' | 'user' | 'group' | 'api_token' | 'registration_token' | 'upgrade' | 'installation';
    readonly id: string;
  };
  readonly address?: string | undefined;
  /** Also what was before and is after, where that helps. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

@Injectable()
export class AuditTrail implements OnModuleInit {
  constructor(
    private readonly sequencer: Sequencer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.sequencer.register({
      name: 'audit',
      hasWaiting: hasWaitingAudit,
      assign: (em, head, limit) => chainWaiting(em, head, limit, sha256),
    });
  }

  /** In the transaction of the act itself: what happened without a record, did not happen. */
  append(em: EntityManager, entry: AuditEntry): Promise<void> {
    return this.appendAll(em, [entry]);
  }

  /** An act on many objects is a row for each of them. */
  async appendAll(em: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    const at = this.clock.now();
    await appendAudit(
      em,
      entries.map((entry) => ({
        at,
        actor: entry.actor,
        action: entry.action,
        targetKind: entry.target.kind,
        targetId: entry.target.id,
        address: entry.address ?? null,
        details: entry.details ?? {},
      })),
    );
    this.sequencer.wakeSoon('audit');
  }
}
