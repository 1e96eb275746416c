import type { EntityManager } from 'typeorm';
import { storableJson, storableText } from '../../platform/index.ts';

export interface AuditRecord {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly targetKind: string;
  readonly targetId: string;
  readonly address: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** One statement for all of them, in their order. */
export async function appendAudit(em: EntityManager, records: readonly AuditRecord[]): Promise<void> {
  await em.query(
    `INSERT INTO audit (at, actor, action, target_kind, target_id, address, details)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])`,
    [
      records.map((record) => record.at),
      records.map((record) => storableText(record.actor)),
      records.map((record) => record.action),
      records.map((record) => record.targetKind),
      records.map((record) => storableText(record.targetId)),
      records.map((record) => record.address),
      records.map((record) => storableJson(record.details)),
    ],
  );
}
