import pg from 'pg';

/** What no operation of the API does: looks behind it, or makes a state that only time or a fault would bring. */
export async function sql<T extends pg.QueryResultRow>(url: string, text: string, values: readonly unknown[] = []): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<T>(text, [...values]);
  await client.end();
  return rows;
}

export interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly address: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Audit rows of a target, oldest first. */
export const auditOf = (url: string, targetId: string): Promise<AuditRow[]> =>
  sql<AuditRow & pg.QueryResultRow>(url, 'SELECT actor, action, address, details FROM audit WHERE target_id = $1 ORDER BY id', [targetId]);
