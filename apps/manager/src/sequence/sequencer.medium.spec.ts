import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { PERSISTENCE } from '../app.module.ts';
import { insertEvents, selectEventsAfter, type StoredEvent } from '../event-log/index.ts';
import { assignEventPositions, hasWaitingEvents } from '../event-log/persistence/event-rows.ts';
import { createLog, Database } from '../platform/index.ts';
import { createDataSource, migrate } from '../platform/database/data-source.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { readHead, Sequencer } from './index.ts';

const log = createLog('silent');
let server: TestDatabase;
let client: pg.Client;
/** Two replicas: pools of their own. */
let sources: DataSource[];
let replicas: { database: Database; sequencer: Sequencer }[];

beforeAll(async () => {
  server = await createTestDatabase();
  sources = [1, 2].map(() => createDataSource(server.url, PERSISTENCE, log));
  for (const source of sources) await migrate(await source.initialize());
  client = new pg.Client(server.url);
  await client.connect();
});
beforeEach(() => {
  replicas = sources.map((source) => {
    const database = new Database(log);
    database.attach(source, () => {});
    database.open = true;
    const sequencer = new Sequencer(database, new ManualClock(), log);
    sequencer.register({ name: 'events', hasWaiting: hasWaitingEvents, assign: assignEventPositions });
    return { database, sequencer };
  });
});
afterEach(async () => {
  await client.query(`TRUNCATE events; UPDATE sequence_heads SET position = 0, tag = ''`);
});
afterAll(async () => {
  await client.end();
  for (const source of sources) await source.destroy();
  await server.stop();
});

const at = new Date('2026-11-02T09:00:00Z');
const event = (name: string) => ({
  id: randomUUID(),
  nodeId: null,
  groupId: null,
  spool: null,
  name,
  category: 'platform' as const,
  severity: 'info' as const,
  at: at.toISOString(),
  receivedAt: at,
  details: {},
});
const write = (name: string, replica = 0) => replicas[replica]!.database.transaction((em) => insertEvents(em, [event(name)]));
const readAfter = (after: number, limit = 1000): Promise<StoredEvent[]> =>
  replicas[0]!.database.read((em) => selectEventsAfter(em, { filter: {}, reach: null, limit }, after));
const names = async (after = 0) => (await readAfter(after)).map((row) => `${row.position} ${row.name}`);

/** Holds its transaction open after the insert, until it is told to commit. */
async function openWriter(name: string): Promise<{ end(verb: 'COMMIT' | 'ROLLBACK'): Promise<void> }> {
  const held = new pg.Client(server.url);
  await held.connect();
  await held.query('BEGIN');
  await held.query(
    `INSERT INTO events (id, name, category, severity, at, received_at, details) VALUES (gen_random_uuid(), $1, 'platform', 'info', $2, $2, '{}')`,
    [name, at],
  );
  return {
    end: async (verb) => {
      await held.query(verb);
      await held.end();
    },
  };
}

describe('the sequencer', () => {
  it('never lets a reader pass over a row that was taken earlier and committed later', async () => {
    const early = await openWriter('early');
    await write('late');
    const { position } = await replicas[0]!.sequencer.settle('events');
    expect(await names()).toEqual(['1 late']);
    await early.end('COMMIT');
    await replicas[0]!.sequencer.settle('events');
    expect(await names(position)).toEqual(['2 early']);
  });

  it('leaves no hole for what is rolled back', async () => {
    await write('one');
    const undone = await openWriter('undone');
    await write('two');
    await undone.end('ROLLBACK');
    await write('three');
    await replicas[0]!.sequencer.settle('events');
    expect(await names()).toEqual(['1 one', '2 two', '3 three']);
  });

  it('assigns all or nothing: a crash in the middle leaves head and rows as they were', async () => {
    await write('one');
    await client.query('BEGIN');
    await client.query(`SELECT * FROM sequence_heads WHERE stream = 'events' FOR UPDATE`);
    await client.query('UPDATE events SET position = 1');
    // The process dies here: the server undoes what it had done.
    await client.query('ROLLBACK');
    expect(await replicas[0]!.database.read((em) => readHead(em, 'events'))).toEqual({ position: 0, tag: '' });
    await replicas[1]!.sequencer.settle('events');
    expect(await names()).toEqual(['1 one']);
  });

  it('gives numbers on one replica at a time: another one waits, and goes on from where the first has ended', async () => {
    await write('one');
    await client.query('BEGIN');
    await client.query(`SELECT FROM sequence_heads WHERE stream = 'events' FOR UPDATE`);
    const waiting = replicas[1]!.sequencer.settle('events');
    const blocked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%sequence_heads%'`;
    // Asked outside the transaction: within one the answer never changes.
    while ((await sources[0]!.query<unknown[]>(blocked)).length === 0);
    await client.query(`UPDATE events SET position = 1; UPDATE sequence_heads SET position = 1, tag = 'x' WHERE stream = 'events'`);
    await write('two');
    await client.query('COMMIT');
    await waiting;
    expect(await names()).toEqual(['1 one', '2 two']);
  });

  it('goes on by its poll when nobody woke it, and is told of its own advance', async () => {
    const clock = new ManualClock();
    const sequencer = new Sequencer(replicas[0]!.database, clock, log);
    sequencer.register({ name: 'events', hasWaiting: hasWaitingEvents, assign: assignEventPositions });
    sequencer.onModuleInit();
    await write('forgotten');
    const advanced = new Promise((settle) => sequencer.onAdvance((name, head) => settle([name, head.position])));
    clock.advance(1000);
    expect(await advanced).toEqual(['events', 1]);
    await sequencer.beforeApplicationShutdown();
  });

  it('shows every row exactly once to a reader among writers that commit in any order, roll back, and write on two replicas', async () => {
    const plan = fc.array(
      fc.record({
        hold: fc.integer({ min: 0, max: 6 }),
        rows: fc.integer({ min: 1, max: 4 }),
        commits: fc.boolean(),
        replica: fc.integer({ min: 0, max: 1 }),
      }),
      { minLength: 1, maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 5 }), async (writers, limit) => {
        await client.query(`TRUNCATE events; UPDATE sequence_heads SET position = 0, tag = ''`);
        const committed: string[] = [];
        const seen: string[] = [];
        let cursor = 0;
        const read = async (): Promise<void> => {
          const rows = await readAfter(cursor, limit);
          seen.push(...rows.map((row) => row.id));
          cursor = rows.at(-1)?.position ?? cursor;
        };
        let done = false;
        const reading = (async () => {
          while (!done) await read();
        })();
        const sequencing = Promise.all(
          replicas.map(async ({ sequencer }) => {
            while (!done) await sequencer.settle('events');
          }),
        );
        const runs = writers.map(async ({ hold, rows, commits, replica }) => {
          const mine = Array.from({ length: rows }, () => event('any'));
          const undone = new Error('rolled back');
          await replicas[replica]!.database.transaction(async (em) => {
            await insertEvents(em, mine);
            for (let turn = 0; turn < hold; turn += 1) await em.query('SELECT 1');
            if (!commits) throw undone;
          })
            .then(() => committed.push(...mine.map((row) => row.id)))
            .catch((error: unknown) => {
              if (error !== undone) throw error;
            });
        });
        await Promise.all(runs);
        done = true;
        await Promise.all([reading, sequencing]);
        await replicas[0]!.sequencer.settle('events');
        for (let before = -1; before !== cursor;) {
          before = cursor;
          await read();
        }
        expect(seen).toHaveLength(new Set(seen).size);
        expect(seen.toSorted()).toEqual(committed.toSorted());
      }),
      { numRuns: 25 },
    );
  });
});
