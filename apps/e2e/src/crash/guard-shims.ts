import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrashNode } from './crash-node.ts';

/** What the guard changes the disk with; `cat` runs right after what it writes by redirection. */
const TOOLS = ['cat', 'chmod', 'chown', 'dd', 'ln', 'mkdir', 'mv', 'rm', 'sync'];

/** `kill`: the guard and all it runs die before the tool. `fail`: the tool does nothing and says so, as on a bad or full disk. */
export type GuardFault = 'kill' | 'fail';

/** Puts itself before every tool and counts; returns how many calls there were. One fault, at the nth, and none after it. */
export function shimGuard(node: CrashNode, fault: GuardFault, point: number): () => number {
  const shims = join(node.folder, 'shims');
  const counter = join(node.folder, 'guard-calls');
  mkdirSync(shims);
  writeFileSync(counter, '0\n');
  const act = fault === 'kill' ? 'kill -9 0' : 'exit 1';
  for (const tool of TOOLS) {
    const script = `#!/bin/sh\nread -r n <"${counter}"\nn=$((n + 1))\necho $n >"${counter}"\nif [ $n = ${point} ]; then ${act}; fi\nexec /bin/${tool} "$@"\n`;
    writeFileSync(join(shims, tool), script);
    chmodSync(join(shims, tool), 0o755);
  }
  node.env = { ...node.env, PATH: `${shims}:${process.env['PATH'] ?? ''}` };
  return () => (existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0);
}
