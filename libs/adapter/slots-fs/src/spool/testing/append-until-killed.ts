import { openEventSpool } from '../event-spool.ts';

// Started by event-spool.medium.spec.ts and killed there: says a number only after its event is durable.
const [folder = ''] = process.argv.slice(2);
const spool = await openEventSpool({ folder, now: () => new Date() });
for (let n = 1; ; n++) {
  const event = await spool.append({ name: 'agent_started', severity: 'info', details: { n, filler: 'x'.repeat(1500) } });
  process.stdout.write(`${event.seq}\n`);
}
