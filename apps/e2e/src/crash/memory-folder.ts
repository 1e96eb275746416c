import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** A process that is killed loses nothing it wrote, so these tests need no disk: thousands of fsyncs would wait for one. */
export const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
