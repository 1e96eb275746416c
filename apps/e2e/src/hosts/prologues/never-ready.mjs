// A build that works but for one thing: it never tells systemd that it is ready.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

if (process.argv[2] === 'run') {
  const spawn = childProcess.spawn;
  childProcess.spawn = (program, args, ...rest) =>
    spawn(program === 'systemd-notify' && args.includes('--ready') ? 'true' : program, args, ...rest);
  syncBuiltinESMExports();
}
