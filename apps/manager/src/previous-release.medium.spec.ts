import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import type { DataSource } from 'typeorm';
import { PERSISTENCE } from './app.module.ts';
import { createLog } from './platform/index.ts';
import { createDataSource, migrate } from './platform/database/data-source.ts';
import { breaches, readSchema, type SchemaShape } from './testing/schema-shape.ts';

/**
 * The first release as it was: its schema, and every statement it sent to PostgreSQL while its own tests ran (recorded from
 * that commit). A replica of it runs beside newer ones, on the schema they have migrated.
 */
const golden = (name: string): string => join(import.meta.dirname, 'testing/goldens', `release-1.${name}.json`);
const FIRST_RELEASE = /^\D+17637000000\d\d$/;
const mayBeNull = (column: string): string => `${column}: may be null now, and who reads it does not know that`;
/**
 * Looked at one by one: the manager's own events are of no node, and the first release reads events of one node at a time, so it
 * never meets them. A node that never sent a beat has a row of its own now, without one; the first release joins these rows
 * from the left and so expects both to be missing.
 */
const HARMLESS = [
  ...['events.group_id', 'events.node_id', 'events.seq', 'events.spool_id'].map(mayBeNull),
  ...['node_beats.last_beat_at', 'node_beats.software_version'].map(mayBeNull),
];
/** Copy what a list shows into one narrow table, after the write and whoever writes; they refuse nothing. */
const PROJECTIONS = /^(nodes|upgrades): a new rule may refuse its rows: CREATE TRIGGER project_\w+ AFTER /;
const newBreaches = (first: SchemaShape, now: SchemaShape): readonly string[] =>
  breaches(first, now).filter((breach) => !HARMLESS.includes(breach) && !PROJECTIONS.test(breach));
const log = createLog('silent', { write: () => {} });
let database: TestDatabase;
const sources: DataSource[] = [];

async function connect(migrations: RegExp): Promise<DataSource> {
  const persistence = PERSISTENCE.map((part) => ({
    entities: part.entities,
    migrations: part.migrations.filter((migration) => migrations.test(migration.name)),
  }));
  const source = await createDataSource(database.url, persistence, log).initialize();
  sources.push(source);
  return source;
}

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  for (const source of sources) await source.destroy();
  await database.stop();
});

describe('a replica of the first release on the schema of this one', () => {
  let first: SchemaShape;
  let now: DataSource;

  it('comes from migrations that are still what they were when they were released', async () => {
    const source = await connect(FIRST_RELEASE);
    await migrate(source);
    first = await readSchema(source.manager);
    expect(first).toEqual(JSON.parse(readFileSync(golden('schema'), 'utf8')));
  });

  it('finds every table, column and type it knows, and no new duty', async () => {
    now = await connect(/./);
    // Two replicas that start at once, one of them waiting for the other: building an index concurrently must not deadlock.
    await Promise.all([migrate(now), migrate(await connect(/./))]);
    expect(newBreaches(first, await readSchema(now.manager))).toEqual([]);
  });

  it.each(JSON.parse(readFileSync(golden('statements'), 'utf8')) as string[])('may still say: %.100s', async (statement) => {
    await now.query(`PREPARE recorded AS ${statement}`);
    await now.query('DEALLOCATE ALL');
  });

  it('would notice a column that went, a type that changed, and a new duty', async () => {
    const runner = now.createQueryRunner();
    await runner.startTransaction();
    await runner.query('ALTER TABLE commands DROP COLUMN sent_at, ADD COLUMN hurry boolean NOT NULL, ADD COLUMN note text UNIQUE');
    await runner.query(
      'ALTER TABLE registration_tokens ALTER COLUMN created_by TYPE varchar(9), ALTER COLUMN device_type DROP NOT NULL, ADD CHECK (created_by <> id::text)',
    );
    const found = newBreaches(first, await readSchema(runner.manager));
    await runner.rollbackTransaction();
    await runner.release();
    expect(found).toEqual([
      'commands.sent_at: the column is gone',
      'commands.hurry: is new and must be written',
      'registration_tokens.created_by: was text, is character varying(9)',
      mayBeNull('registration_tokens.device_type'),
      expect.stringMatching(/^registration_tokens: a new rule may refuse its rows: CHECK/),
    ]);
  });
});
