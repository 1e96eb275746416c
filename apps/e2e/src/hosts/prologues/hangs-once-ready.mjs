// A build that tells systemd it is ready and then never lets its event loop turn again, so it can neither beat nor feed the watchdog.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

if (process.argv[2] === 'run') {
  const spawn = childProcess.spawn;
  childProcess.spawn = (program, args, ...rest) => {
    const child = spawn(program, args, ...rest);
    if (program === 'systemd-notify' && args.includes('--ready')) child.once('exit', hang);
    return child;
  };
  syncBuiltinESMExports();
}
