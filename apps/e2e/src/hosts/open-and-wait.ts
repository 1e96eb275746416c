// A user of the bench that never closes it: opens one, boots a host, says where, and waits to be killed.
import { Bench } from './bench.ts';
import { TestHost } from './test-host.ts';

const bench = await Bench.open();
const host = new TestHost(bench, 'left-alone');
await host.boot();
process.stdout.write(`${bench.folder}\n`);
setInterval(() => {}, 60_000);
