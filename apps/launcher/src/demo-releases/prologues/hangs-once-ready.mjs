// Demo fault: a build that says it is ready and then never lets its event loop turn again, so it can neither beat nor feed
// the watchdog. It waits rather than spins: the fault is silence, not heat.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

const watched = (write) =>
  function (fd, data, ...rest) {
    if (String(data).includes('READY=1')) setImmediate(hang);
    return write.call(this, fd, data, ...rest);
  };

if (process.argv[2] === 'run') {
  fs.write = watched(fs.write);
  fs.writeSync = watched(fs.writeSync);
  syncBuiltinESMExports();
}
