import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Not part of what is built: an edited test must not cost a rebuild at the next start. */
const IGNORED = /^(node_modules|dist|testing|\..*)$|\.spec\.tsx?$/;

/** sha256 over names and contents of the given files and folders, in a fixed order. What is missing counts as empty. */
export function sourceDigest(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) addTo(hash, root, path);
  return hash.digest('hex');
}

function addTo(hash: ReturnType<typeof createHash>, root: string, path: string): void {
  const full = join(root, path);
  let names: string[];
  try {
    names = readdirSync(full);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'ENOTDIR') throw error;
    const content = readFileSync(full);
    hash.update(`${path}\0${content.length}\0`).update(content);
    return;
  }
  for (const name of names.sort()) if (!IGNORED.test(name)) addTo(hash, root, join(path, name));
}
