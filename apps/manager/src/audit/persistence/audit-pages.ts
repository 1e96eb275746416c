import type { ListAudit } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';
import { ROW_COLUMNS, type AuditRow } from './audit-chain.ts';

export type AuditFilter = Omit<ListAudit, 'limit' | 'cursor'>;

function conditionsOf(filter: AuditFilter, values: unknown[]): string[] {
  const value = (given: unknown): string => `$${values.push(given)}`;
  const terms: string[] = [];
  if (filter.actor) terms.push(`a.actor = ${value(filter.actor)}`);
  if (filter.action) terms.push(`(a.action = ${value(filter.action)} OR starts_with(a.action, ${value(`${filter.action}.`)}))`);
  if (filter.target_kind) terms.push(`a.target_kind = ${value(filter.target_kind)}`);
  if (filter.target_id) terms.push(`a.target_id = ${value(filter.target_id)}`);
  if (filter.address) terms.push(`a.address = ${value(filter.address)}`);
  if (filter.from) terms.push(`a.at >= ${value(filter.from)}::timestamptz`);
  if (filter.to) terms.push(`a.at < ${value(filter.to)}::timestamptz`);
  return terms;
}

/** Newest first; rows that are not chained yet come before everything, on the first page. */
export async function selectAudit(em: EntityManager, filter: AuditFilter, limit: number, before: number | null): Promise<AuditRow[]> {
  const values: unknown[] = [limit];
  const terms = conditionsOf(filter, values);
  if (before !== null) terms.push(`a.position < $${values.push(before)}`);
  const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`;
  return await em.query<AuditRow[]>(
    `SELECT ${ROW_COLUMNS} FROM audit a ${where} ORDER BY a.position DESC NULLS FIRST, a.id DESC LIMIT $1`,
    values,
  );
}

/** Oldest first, for an export: the part of the chain that the filter lets through. */
export async function selectAuditAfter(
  em: EntityManager,
  filter: AuditFilter,
  limit: number,
  after: number,
): Promise<(AuditRow & { hash: string })[]> {
  const values: unknown[] = [limit, after];
  const terms = ['a.position > $2', ...conditionsOf(filter, values)];
  return await em.query<(AuditRow & { hash: string })[]>(
    `SELECT ${ROW_COLUMNS}, encode(a.hash, 'hex') AS hash FROM audit a WHERE ${terms.join(' AND ')} ORDER BY a.position LIMIT $1`,
    values,
  );
}

/** Nothing that happened at `time` or later stands at this position or before it; 0 when everything is later. */
export async function auditPositionBefore(em: EntityManager, time: Date): Promise<number> {
  const rows = await em.query<{ position: string | null }[]>('SELECT (SELECT min(position) FROM audit WHERE at >= $1) - 1 AS position', [
    time,
  ]);
  const position = rows[0]?.position ?? null;
  if (position !== null) return Number(position);
  const last = await em.query<{ position: string | null }[]>('SELECT max(position) AS position FROM audit');
  return Number(last[0]?.position ?? 0);
}
