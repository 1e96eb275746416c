import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Files that are, or would be, in version control; deleted ones and links left out. */
export function sourceFiles(root: string): readonly string[] {
  const { stdout, status } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error('this check needs git and a checkout');
  return [...new Set(stdout.split('\0'))].filter((file) => file !== '' && isPlainFile(path.join(root, file)));
}

const isPlainFile = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;

/** The text of a file, or undefined when it is not text. */
export function textOf(root: string, file: string): string | undefined {
  const bytes = readFileSync(path.join(root, file));
  return bytes.includes(0) ? undefined : bytes.toString('utf8');
}

/** Shell scripts by name or by first line, whatever they are called: the boot guard has no suffix. */
export const isShellScript = (file: string, text: string): boolean =>
  file.endsWith('.sh') || /^#!\/(usr\/)?bin\/(env )?(ba|da)?sh\b/.test(text);
