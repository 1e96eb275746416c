import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from '@tidegate/test-kit';

export interface DatabaseCable {
  /** The same database, by way of the cable. */
  readonly url: string;
  /** Breaks what is open and what is tried from here on: for whoever hangs on it, the database is gone without a word. */
  cut(): void;
  mend(): void;
  dispose(): Promise<void>;
}

const SOCKET = '.s.PGSQL.5432';

export async function layCable({ connection }: TestDatabase): Promise<DatabaseCable> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-cable-'));
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    const far = connect(join(connection.host, SOCKET));
    for (const [side, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(side);
      side.on('error', () => {});
      side.on('close', () => {
        open.delete(side);
        other.destroy();
      });
      side.pipe(other);
    }
    if (!whole) near.destroy();
  });
  server.listen(join(folder, SOCKET));
  await once(server, 'listening');
  const { user, database } = connection;
  return {
    url: `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(folder)}`,
    cut: () => {
      whole = false;
      for (const socket of open) socket.destroy();
    },
    mend: () => void (whole = true),
    dispose: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
