// A build that would end its own trial by pointing `current` back at the committed version, and goes on running.
import { readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

if (process.argv[2] === 'run') {
  const root = process.env['TIDEGATE_ROOT'];
  symlinkSync(readlinkSync(join(root, 'committed')), join(root, '.current.other'));
  renameSync(join(root, '.current.other'), join(root, 'current'));
}
