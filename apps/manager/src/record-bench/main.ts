/**
 * Stores events and audit rows as the manager does, without sockets: what `npm run bench -- manager events` compares with bare
 * statements. Asked over IPC; started with the address of a database of its own and a folder.
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NodeEvent } from '@tidegate/contract-events';
import { AppModule } from '../app.module.ts';
import { AuditTrail } from '../audit/index.ts';
import { nestLogger } from '../nest-logger.ts';
import { NodeLink } from '../nodes/index.ts';
import { createLog, Database, DatabaseLife, parseConfig, systemClock } from '../platform/index.ts';
import { Sequencer } from '../sequence/index.ts';

const [databaseUrl = '', folder = ''] = process.argv.slice(2);
const BATCH = 1000;
const AT_ONCE = 5;

const log = createLog('warn');
const config = parseConfig({
  listen: { port: 0 },
  data_dir: folder,
  database_url: databaseUrl,
  admin: { password_file: join(folder, 'password') },
});
let becameReady = (): void => {};
const ready = new Promise<void>((settle) => (becameReady = settle));
const notifier = { ready: () => becameReady(), status: () => {}, stopping: () => {}, watch: () => {} };
const app = await NestFactory.createApplicationContext(AppModule.with({ config, clock: systemClock, log, notifier }), {
  logger: nestLogger(log),
});
app.get(DatabaseLife).start();
await ready;
const [database, link, trail, sequencer] = [
  app.get(Database),
  app.get(NodeLink, { strict: false }),
  app.get(AuditTrail),
  app.get(Sequencer),
];

const event = (seq: number, spoolId: string): NodeEvent => ({
  id: randomUUID(),
  spool_id: spoolId,
  seq,
  name: 'upgrade_downloaded',
  severity: 'info',
  at: '2026-11-02T09:00:00.000Z',
  details: {
    attempt_id: 'a-1',
    command_id: null,
    from_version: '1.0.0',
    to_version: '1.1.0',
    channel: 'stable',
    arch: 'x64',
    variant: 'default',
  },
});

/** As after an outage: every node has many to say, and says the next few when the last ones are acknowledged. */
async function events(nodes: readonly { id: string; group: string }[], each: number): Promise<void> {
  await Promise.all(
    nodes.map(async ({ id, group }) => {
      const spoolId = randomUUID();
      const session = { nodeId: id, groupId: group, epoch: 1 } as Parameters<NonNullable<Parameters<NodeLink['listen']>[0]['event']>>[0];
      for (let said = 0; said < each; said += AT_ONCE) {
        const few = Array.from({ length: AT_ONCE }, (_, index) => event(said + index + 1, spoolId));
        await Promise.all(few.map((one) => link.tell((listener) => listener.event?.(session, one))));
      }
    }),
  );
}

async function audit(rows: number): Promise<void> {
  for (let done = 0; done < rows; done += BATCH) {
    const entries = Array.from({ length: BATCH }, (_, index) => ({
      actor: 'admin',
      action: 'node.upgrade.request',
      target: { kind: 'node' as const, id: `node-${done + index}` },
      address: '127.0.0.1',
      details: { version: '1.1.0', channel: 'stable' },
    }));
    await database.transaction((em) => trail.appendAll(em, entries));
  }
}

interface Order {
  readonly ask: string;
  readonly nodes: readonly { id: string; group: string }[];
  readonly eventsEach: number;
  readonly auditRows: number;
}

const ANSWERS: Readonly<Record<string, (order: Order) => Promise<object>>> = {
  store: async ({ nodes, eventsEach, auditRows }) => {
    const beganMs = performance.now();
    await Promise.all([events(nodes, eventsEach), audit(auditRows)]);
    return { ms: performance.now() - beganMs };
  },
  /** Positions are given behind the acknowledgement; the next run must not pay for them. */
  settle: async () => {
    const [{ position }] = await Promise.all([sequencer.settle('events'), sequencer.settle('audit')]);
    return { events: position };
  },
};
process.on('message', (order: Order) => {
  const answer = ANSWERS[order.ask];
  void answer?.(order).then((given) => process.send?.({ answer: given }));
});
process.send?.({ ready: 1 });
