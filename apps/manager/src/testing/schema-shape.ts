import type { EntityManager } from 'typeorm';

interface ColumnShape {
  readonly type: string;
  readonly nullable: boolean;
  /** An INSERT may leave it out: it has a default or makes its own value, or it takes null. */
  readonly optional: boolean;
}

/** What other programs that use these tables can run into. */
export interface TableShape {
  readonly columns: Readonly<Record<string, ColumnShape>>;
  /** Whatever can refuse a row, by its text: checks, keys, references, unique indexes, triggers. */
  readonly rules: readonly string[];
}
export type SchemaShape = Readonly<Record<string, TableShape>>;

export async function readSchema(em: EntityManager): Promise<SchemaShape> {
  const columns = await em.query<{ table: string; column: string; type: string; nullable: boolean; optional: boolean }[]>(`
    SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
           NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '' AS optional
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'schema_migrations'
     ORDER BY c.relname, a.attname`);
  const rules = await em.query<{ table: string; rule: string }[]>(`
    SELECT conrelid::regclass::text AS "table", pg_get_constraintdef(oid) AS rule FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
    UNION SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON') FROM pg_indexes
     WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'
    UNION SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2`);
  const tables = [...new Set(columns.map((row) => row.table))];
  return Object.fromEntries(
    tables.map((table) => [
      table,
      {
        columns: Object.fromEntries(
          columns
            .filter((row) => row.table === table)
            .map(({ column, type, nullable, optional }) => [column, { type, nullable, optional }]),
        ),
        rules: rules.filter((row) => row.table === table).map((row) => row.rule),
      },
    ]),
  );
}

/**
 * What of `now` would break a program that was written for `before`: expand/contract in one function.
 * @returns one sentence per breach.
 */
export function breaches(before: SchemaShape, now: SchemaShape): string[] {
  return Object.entries(before).flatMap(([table, old]) => {
    const current = now[table];
    if (!current) return [`${table}: the table is gone`];
    const added = Object.keys(current.columns).filter((name) => !(name in old.columns));
    const changed = Object.entries(old.columns).flatMap(([name, was]) => {
      const is = current.columns[name];
      if (!is) return [`${table}.${name}: the column is gone`];
      if (is.type !== was.type) return [`${table}.${name}: was ${was.type}, is ${is.type}`];
      if (is.nullable && !was.nullable) return [`${table}.${name}: may be null now, and who reads it does not know that`];
      return is.optional || !was.optional ? [] : [`${table}.${name}: must be written now`];
    });
    const required = added.flatMap((name) => (current.columns[name]?.optional ? [] : [`${table}.${name}: is new and must be written`]));
    // A rule about new columns only cannot refuse what does not write them.
    const words = (rule: string): string[] => rule.match(/[a-z_][a-z0-9_]*/g) ?? [];
    const aboutOld = (rule: string): boolean =>
      words(rule).some((word) => word in old.columns) || !words(rule).some((word) => added.includes(word));
    const rules = current.rules.filter((rule) => !old.rules.includes(rule) && aboutOld(rule));
    return [...changed, ...required, ...rules.map((rule) => `${table}: a new rule may refuse its rows: ${rule}`)];
  });
}
