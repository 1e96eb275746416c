import { spawnSync } from 'node:child_process';
import path from 'node:path';

const CLI = path.resolve(import.meta.dirname, '../../../cli/src/reference/main.ts');

/** `docs/cli.md`: apps do not import each other, so the program prints what it is itself. */
export function cliPage(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  if (status !== 0) throw new Error(`the page of the command line was not made:\n${stderr}`);
  return stdout;
}
