import type { EntityManager } from 'typeorm';
import { AuditEntity } from './audit.entity.ts';

export interface AuditRecord {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly targetKind: string;
  readonly targetId: string;
  readonly address: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export async function appendAudit(em: EntityManager, record: AuditRecord): Promise<void> {
  await em.insert(AuditEntity, { ...record, details: { ...record.details } as object });
}
