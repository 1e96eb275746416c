import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../platform/index.ts';
import { appendAudit } from './persistence/audit-records.ts';

export interface AuditEntry {
  readonly actor: string;
  /** One of the audit actions, e.g. `node.upgrade.request`. */
  readonly action: string;
  readonly target: { readonly kind: 'node' | 'user' | 'group' | 'api_token' | 'registration_token' | 'upgrade' | 'installation'; readonly id: string };
  readonly address?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
}

@Injectable()
export class AuditTrail {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** In the transaction of the act itself: what happened without a record, did not happen. */
  async append(em: EntityManager, entry: AuditEntry): Promise<void> {
    await appendAudit(em, {
      at: this.clock.now(),
      actor: entry.actor,
      action: entry.action,
      targetKind: entry.target.kind,
      targetId: entry.target.id,
      address: entry.address ?? null,
      details: entry.details ?? {},
    });
  }
}
