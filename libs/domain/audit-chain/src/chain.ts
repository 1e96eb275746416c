import type { AuditChainRow, AuditEntryView, AuditHead } from '@tidegate/contract-api';
import { canonicalJson, type Json } from './canonical-json.ts';

/** Before the first row. */
export const GENESIS_HASH = '0'.repeat(64);

/** SHA-256 of the text's UTF-8 bytes, 64 lower-case hexadecimal digits. */
export type Sha256 = (text: string) => string;

/** What is hashed of a row; a field more would need another first line in `rowText`. */
export type ChainedRow = AuditEntryView & { readonly position: number };

/**
 * The text whose SHA-256 is the row's hash: a line that says what this is, the hash of the row before, and the row as canonical JSON.
 * The position is part of it, so that no row can stand elsewhere.
 */
export function rowText(previousHash: string, row: ChainedRow): string {
  const { position, at, actor, action, target_kind, target_id, address, details } = row;
  const content = { position, at, actor, action, target_kind, target_id, address, details: details as Json };
  return `tidegate-audit-row-v1\n${previousHash}\n${canonicalJson(content)}`;
}

/** Chains rows that follow each other, beginning after `previousHash`. */
export function chainRows(previousHash: string, rows: readonly ChainedRow[], sha256: Sha256): AuditChainRow[] {
  let previous = previousHash;
  return rows.map((row) => {
    const hash = sha256(rowText(previous, row));
    const chained = { ...row, prev_hash: previous, hash };
    previous = hash;
    return chained;
  });
}

/** The text that a head's signature covers; it names the installation, so that no head can be shown for another one. */
export function headText(managerId: string, head: Omit<AuditHead, 'signature'>): string {
  const { kind, position, hash, signed_at, key_id } = head;
  return `tidegate-audit-head-v1\n${canonicalJson({ kind, position, hash, signed_at, key_id, manager_id: managerId })}`;
}
