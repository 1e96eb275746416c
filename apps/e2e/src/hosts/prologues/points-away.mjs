// A build that points `current` at a version of its own making, which nobody signed.
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

if (process.argv[2] === 'run') {
  const root = process.env['TIDEGATE_ROOT'];
  const slot = join(root, 'versions/9.9.9');
  mkdirSync(join(slot, 'bin'), { recursive: true });
  const entryPoint = join(slot, 'bin/tidegate-edge');
  writeFileSync(entryPoint, `#!/bin/sh\ntouch ${root}/unsigned-code-ran\nexec sleep 600\n`);
  chmodSync(entryPoint, 0o755);
  symlinkSync('versions/9.9.9', join(root, '.current.other'));
  renameSync(join(root, '.current.other'), join(root, 'current'));
}
