import { openEventSpool } from '../event-spool.ts';

// Started by event-spool.medium.spec.ts. Dies by the hardest signal in the very turn in which the last append resolved, with
// one more under way: whatever was promised by then must be on disk.
const [folder = '', appends = '0'] = process.argv.slice(2);
const spool = await openEventSpool({ folder, now: () => new Date() });
const append = (n: number) => spool.append({ name: 'agent_started', severity: 'info', details: { n, filler: 'x'.repeat(1500) } });
for (let n = 1; n < Number(appends); n++) await append(n);
const last = append(Number(appends));
void append(Number(appends) + 1);
await last;
process.kill(process.pid, 'SIGKILL');
