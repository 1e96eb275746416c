import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { CHECKOUT, PROGRAMS } from '../../system/checkout.ts';
import { runToEnd } from '../../system/run-to-end.ts';
import { BenchProcess } from './bench-process.ts';

const HERE = import.meta.dirname;
const MEASURED = ['--expose-gc', '--import', join(HERE, 'probe.mjs')];
const READY_POLL_MS = 20;

/** One side of a measurement: something that nodes connect to. */
export interface Server {
  readonly process: BenchProcess;
  readonly url: string;
}

/** The manager on a database that knows `count` nodes, a raw server that knows the same, and nodes for either. */
export class BenchFleet {
  readonly count: number;
  readonly #folder: string;
  readonly #database: TestDatabase;
  readonly #bundle: string;
  readonly sql: pg.Client;

  private constructor(count: number, folder: string, database: TestDatabase, bundle: string) {
    [this.count, this.#folder, this.#database, this.#bundle] = [count, folder, database, bundle];
    this.sql = new pg.Client(database.url);
  }

  /** @param program another one than the product's own, which takes the same arguments and does something more */
  static async make(count: number, program = 'main.ts'): Promise<BenchFleet> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    // Near the product's own place, where its packages are found.
    const bundle = join(CHECKOUT, 'apps/manager/dist', `bench-${process.pid}`, 'main.mjs');
    await runToEnd(CHECKOUT, [PROGRAMS.buildManager, bundle, program], 'the manager');
    const fleet = new BenchFleet(count, folder, await createTestDatabase(), bundle);
    await fleet.sql.connect();
    const manager = await fleet.startManager();
    await fleet.#enrol();
    await manager.process.stop('SIGTERM');
    return fleet;
  }

  get #identities(): string {
    return join(this.#folder, 'identities.json');
  }

  /** Past the wire: enrolment is not what is measured. */
  async #enrol(): Promise<void> {
    const identities = Array.from({ length: this.count }, () => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const der = privateKey.export({ format: 'der', type: 'pkcs8' });
      return { id: randomUUID(), publicKey: publicKey.export({ format: 'jwk' }).x ?? '', privateKey: der.toString('base64') };
    });
    writeFileSync(this.#identities, JSON.stringify(identities), { mode: 0o600 });
    await this.sql.query(
      `INSERT INTO nodes (id, group_id, device_type, name, public_key, facts, enrolled_at)
       SELECT i, (SELECT id FROM groups LIMIT 1), 'tidegate-edge', 'bench-' || left(i::text, 8), k, '{}', now()
         FROM unnest($1::uuid[], $2::text[]) AS t(i, k)`,
      [identities.map(({ id }) => id), identities.map(({ publicKey }) => publicKey)],
    );
  }

  /** @param preloads modules imported before the manager's own */
  async startManager(port = 0, preloads: readonly string[] = []): Promise<Server> {
    writeFileSync(join(this.#folder, 'password'), 'a long enough password');
    const chosen = port || (await freePort());
    const config = {
      listen: { port: chosen },
      data_dir: this.#folder,
      database_url: this.#database.url,
      admin: { password_file: join(this.#folder, 'password') },
      node_settings: { beat_interval_secs: 300 },
    };
    const file = join(this.#folder, 'manager.json');
    writeFileSync(file, JSON.stringify(config));
    const child = new BenchProcess(
      'the manager',
      [...MEASURED, ...preloads.flatMap((file) => ['--import', file]), this.#bundle, 'serve', '--config', file],
      { LOG_LEVEL: 'warn' },
    );
    const url = `http://127.0.0.1:${chosen}/readyz`;
    while (
      !(await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await wait(READY_POLL_MS);
    return { process: child, url: `ws://127.0.0.1:${chosen}` };
  }

  async startRaw(): Promise<Server> {
    const child = new BenchProcess('the raw server', [...MEASURED, join(HERE, 'raw-server.mjs'), this.#identities, this.#database.url]);
    return { process: child, url: `ws://127.0.0.1:${await child.ready()}` };
  }

  async startNodes(): Promise<BenchProcess> {
    const child = new BenchProcess('the nodes', [join(HERE, 'socket-fleet.mjs'), this.#identities]);
    await child.ready();
    return child;
  }

  async dispose(): Promise<void> {
    await this.sql.end();
    await this.#database.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(join(this.#bundle, '..'), { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
