import type { EntityManager } from 'typeorm';

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly refersTo: readonly string[];
}

/**
 * Not of the installation but of a moment or a machine: who serves it, who is signed in, which files lie on its disk, when somebody watched last, and answers that are kept for a repeated request (which may
 * hold a secret that is shown once).
 */
const OF_A_MOMENT = [
  'replicas',
  'leases',
  'upgrade_watch',
  'account_sessions',
  'idempotency_keys',
  'sign_in_failures',
  'sign_in_challenges',
  'mirror_files',
];
/** Rows that migrations bring; a backup has its own. */
const SEEDED = ['installation', 'sequence_heads', 'groups', 'discovery_state'];

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Tables of the installation, what others refer to first. Partitions are read and written through their table. */
export async function selectTables(em: EntityManager): Promise<Table[]> {
  const tables = await em.query<{ name: string; columns: string[]; refers_to: string[] }[]>(
    `SELECT c.relname AS name,
            (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
            ARRAY(SELECT DISTINCT f.confrelid::regclass::text FROM pg_constraint f
                   WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS refers_to
       FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> 'schema_migrations' AND c.relname <> ALL($1::text[]) ORDER BY 1`,
    [OF_A_MOMENT],
  );
  return inOrder(tables.map((table) => ({ name: table.name, columns: table.columns, refersTo: table.refers_to })));
}

function inOrder(tables: readonly Table[]): Table[] {
  const ordered: Table[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const names = new Set(waiting.map((table) => table.name));
    const free = waiting.filter((table) => !table.refersTo.some((name) => names.has(name)));
    if (free.length === 0) throw new Error('tables refer to each other in a circle');
    ordered.push(...free);
    waiting = waiting.filter((table) => !free.includes(table));
  }
  return ordered;
}

/** All that is read is of one moment. First of its transaction. */
export async function beginSnapshot(em: EntityManager): Promise<void> {
  await em.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  await em.query('SET LOCAL statement_timeout = 0');
}

/** Rows as JSON, written by the database: no value goes through a type of ours that could lose something of it. */
export async function* readRows(em: EntityManager, table: Table, atOnce: number): AsyncGenerator<string[]> {
  const columns = table.columns.map(quoted).join(', ');
  await em.query(`DECLARE backup_rows NO SCROLL CURSOR FOR
    SELECT row_to_json(r)::text AS line FROM (SELECT ${columns} FROM ${quoted(table.name)}) AS r`);
  for (;;) {
    const rows = await em.query<{ line: string }[]>(`FETCH ${atOnce} FROM backup_rows`);
    if (rows.length === 0) break;
    yield rows.map((row) => row.line);
  }
  await em.query('CLOSE backup_rows');
}

/** Read after the snapshot was taken, so never behind a row of it. */
export const selectSequences = (em: EntityManager): Promise<{ name: string; last: string }[]> =>
  em.query(`SELECT sequencename AS name, last_value::text AS last FROM pg_sequences
             WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT LIKE 'schema_migrations%' ORDER BY 1`);

/** The first table with rows that no migration put there; null when a backup may be written over what there is. */
export async function firstTableInUse(em: EntityManager): Promise<string | null> {
  const tables = await em.query<{ name: string }[]>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname <> 'schema_migrations' AND relname <> ALL($1::text[]) ORDER BY 1`,
    [SEEDED],
  );
  for (const { name } of tables) {
    const rows = await em.query<unknown[]>(`SELECT FROM ${quoted(name)} LIMIT 1`);
    if (rows.length > 0) return name;
  }
  return null;
}

export async function beginRestore(em: EntityManager): Promise<void> {
  await em.query('SET LOCAL statement_timeout = 0');
  await setTriggers(em, 'DISABLE');
  for (const name of SEEDED) await em.query(`DELETE FROM ${quoted(name)}`);
}

/** After the last row, in the same transaction. */
export const endRestore = (em: EntityManager): Promise<void> => setTriggers(em, 'ENABLE');

/** What triggers keep in step is in the backup already. References are checked all the same. */
async function setTriggers(em: EntityManager, state: 'DISABLE' | 'ENABLE'): Promise<void> {
  const tables = await em.query<{ name: string }[]>(
    `SELECT DISTINCT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  for (const { name } of tables) await em.query(`ALTER TABLE ${quoted(name)} ${state} TRIGGER USER`);
}

export async function writeRows(em: EntityManager, table: Pick<Table, 'name' | 'columns'>, lines: readonly string[]): Promise<void> {
  const columns = table.columns.map(quoted).join(', ');
  await em.query(
    `INSERT INTO ${quoted(table.name)} (${columns}) OVERRIDING SYSTEM VALUE
     SELECT ${columns} FROM json_populate_recordset(NULL::${quoted(table.name)}, $1::json)`,
    [`[${lines.join(',')}]`],
  );
}

export async function setSequences(em: EntityManager, sequences: readonly { name: string; last: string }[]): Promise<void> {
  for (const { name, last } of sequences) await em.query('SELECT setval($1::regclass, $2::bigint)', [quoted(name), last]);
}

/** Nobody is connected to a database that was just restored. */
export const closeRestoredSessions = async (em: EntityManager, now: Date): Promise<void> =>
  void (await em.query('UPDATE node_sessions SET disconnected_at = $1 WHERE disconnected_at IS NULL', [now]));

export const countRows = async (em: EntityManager, table: string): Promise<number> =>
  (await em.query<{ rows: number }[]>(`SELECT count(*)::int AS rows FROM ${quoted(table)}`))[0]?.rows ?? 0;

export const readManagerId = async (em: EntityManager): Promise<string> =>
  (await em.query<{ manager_id: string }[]>('SELECT manager_id FROM installation'))[0]?.manager_id ?? '';
