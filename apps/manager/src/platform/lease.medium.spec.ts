import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManualClock } from '../testing/manual-clock.ts';
import { createDataSource, migrate } from './database/data-source.ts';
import { Database } from './database/database.ts';
import { Leases, type Lease } from './lease.ts';
import { createLog } from './log.ts';
import { platformPersistence } from './persistence/index.ts';
import { Replica } from './replica.ts';

let server: TestDatabase;
const closers: (() => Promise<void>)[] = [];
const log = createLog('silent', { write: () => {} });

interface Side {
  readonly database: Database;
  readonly clock: ManualClock;
  readonly leases: Leases;
}
let a: Side;
let b: Side;

async function newSide(): Promise<Side> {
  const source = await createDataSource(server.url, [platformPersistence], log).initialize();
  closers.push(() => source.destroy());
  await migrate(source);
  const database = new Database(log);
  database.attach(source, () => {});
  database.open = true;
  database.ready = true;
  const clock = new ManualClock();
  return { database, clock, leases: new Leases(database, new Replica(), clock, log) };
}
/** Leases live by the database's clock, which a test cannot move: it lets one run out. */
const runOut = (name: string): Promise<unknown> =>
  a.database.read((em) => em.query(`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second' WHERE name = $1`, [name]));
async function held(side: Side, name: string): Promise<Lease> {
  const lease = await side.leases.hold(name, 60_000);
  if (!lease) throw new Error(`${name} is somebody else's`);
  return lease;
}
const gate = (): { opened: Promise<void>; open: () => void } => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
};

beforeAll(async () => {
  server = await createTestDatabase();
  a = await newSide();
  b = await newSide();
});
afterAll(async () => {
  for (const close of closers) await close();
  await server.stop();
});
beforeEach(() => a.database.read((em) => em.query('DELETE FROM leases')));

describe('a lease', () => {
  it('has one holder, who renews it under the same fencing number', async () => {
    const first = await held(a, 'x');
    expect(await b.leases.hold('x', 60_000)).toBeNull();
    expect(await held(a, 'x')).toEqual(first);
    expect((await held(b, 'y')).fence).toBe(1);
  });

  it('goes to one of many who ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).leases.hold('x', 60_000)));
    const winners = new Set(asked.flatMap((lease, n) => (lease ? [n % 2] : [])));
    expect(winners.size).toBe(1);
  });

  it('changes hands when it has run out, and then stops what the old holder still writes', async () => {
    const old = await held(a, 'x');
    await runOut('x');
    // Nobody wanted it meanwhile: it is still the same lease, and its holder may go on.
    await a.database.transaction((em) => a.leases.fence(em, old));
    const taken = await held(b, 'x');
    expect(taken.fence).toBe(old.fence + 1);
    const write = a.database.transaction(async (em) => {
      await a.leases.fence(em, old);
      await em.query(`INSERT INTO leases VALUES ('written', NULL, 1, now())`);
    });
    await expect(write).rejects.toMatchObject({ code: 'lease_lost' });
    expect(await a.database.read((em) => em.query(`SELECT 1 FROM leases WHERE name = 'written'`))).toEqual([]);
    expect(await a.leases.hold('x', 60_000)).toBeNull();
  });

  it('is not taken beside a write that is about to commit, and is renewed beside it', async () => {
    const lease = await held(a, 'x');
    const fenced = gate();
    const commit = gate();
    const writing = a.database.transaction(async (em) => {
      await a.leases.fence(em, lease);
      fenced.open();
      await commit.opened;
    });
    await fenced.opened;
    await runOut('x');
    expect(await b.leases.hold('x', 60_000)).toBeNull();
    expect(await held(a, 'x')).toEqual(lease);
    await runOut('x');
    commit.open();
    await writing;
    expect(await b.leases.hold('x', 60_000)).not.toBeNull();
  });

  it('goes on at once when its holder lets it go, and only he can', async () => {
    await held(a, 'x');
    await b.leases.release('x');
    expect(await b.leases.hold('x', 60_000)).toBeNull();
    await a.leases.release('x');
    expect((await held(b, 'x')).fence).toBe(2);
  });
});

describe('a leased act', () => {
  it('runs on one replica, on demand too, and on the other after a shutdown that waited for it', async () => {
    const side = await newSide();
    const ran: string[] = [];
    const started = gate();
    const finish = gate();
    side.leases.every('act', 1000, async () => {
      ran.push('first');
      started.open();
      await finish.opened;
    });
    side.clock.advance(1000);
    await started.opened;
    const elsewhere = gate();
    const wake = b.leases.every('act', 1000, async (lease) => {
      ran.push(`second ${lease.fence}`);
      elsewhere.open();
      await Promise.resolve();
    });
    wake();
    expect(await b.leases.hold('act', 1000)).toBeNull();
    const stopping = side.leases.beforeApplicationShutdown();
    expect(await b.leases.hold('act', 1000)).toBeNull();
    finish.open();
    await stopping;
    side.clock.advance(10_000);
    wake();
    await elsewhere.opened;
    expect(ran).toEqual(['first', 'second 2']);
  });

  it('is tried again at the next turn when it failed', async () => {
    let runs = 0;
    const twice = gate();
    b.leases.every('failing', 1000, async () => {
      if (++runs === 2) twice.open();
      await Promise.reject(new Error('no'));
    });
    b.clock.advance(1000);
    b.clock.advance(1000);
    await twice.opened;
    expect(runs).toBe(2);
  });
});
