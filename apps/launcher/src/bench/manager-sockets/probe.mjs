// Preloaded into the measured process, baseline and product alike: answers questions about it over IPC. It must not keep the
// process alive, and does nothing until it is asked.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
const ANSWERS = {
  /** After everything that can be freed is freed. */
  memory: () => {
    for (let n = 0; n < 3; n++) globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const { heapUsed, rss } = process.memoryUsage();
    return { heapBytes: heapUsed, residentBytes: rss };
  },
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000 };
  },
  watchLoop: () => {
    delay.reset();
    delay.enable();
    return {};
  },
  loop: () => {
    delay.disable();
    return { lagP99Ms: delay.percentile(99) / 1e6, lagMaxMs: delay.max / 1e6 };
  },
};

process.on('message', ({ ask }) => {
  if (Object.hasOwn(ANSWERS, ask)) process.send({ answer: ANSWERS[ask]() });
});
process.channel?.unref();
