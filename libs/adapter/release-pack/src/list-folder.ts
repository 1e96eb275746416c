import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { LIMITS, slotPathProblem, STATEMENT_FILES } from '@tidegate/contract-manifest';

export interface PackedFile {
  /** Relative to the packed folder, with forward slashes. */
  readonly path: string;
  readonly mode: '0644' | '0755';
  readonly sizeBytes: number;
}

const KEPT_NAMES: ReadonlySet<string> = new Set(STATEMENT_FILES);

const unpackable = (path: string, rule: string): CodedError =>
  new CodedError('upgrade_manifest_invalid', { field: 'artefacts.files', rule, path });

/**
 * Every plain file under `folder`, sorted by UTF-16 code units, so that neither locale nor file system order shows.
 * Folders without files are left out: a signed list names files only. Throws `upgrade_manifest_invalid` for links, sockets
 * and devices: a node would refuse the whole archive, and the publisher should learn it first.
 */
export async function listFolder(folder: string): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for (const name of await readdir(join(folder, prefix))) {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const problem = slotPathProblem(path);
      if (problem) throw unpackable(path, `path ${problem}`);
      if (KEPT_NAMES.has(path)) throw unpackable(path, 'name is kept for the signed statement');
      const stat = await lstat(join(folder, path));
      if (stat.isDirectory()) await walk(path);
      else if (!stat.isFile()) throw unpackable(path, 'neither file nor folder');
      else files.push({ path, mode: stat.mode & 0o100 ? '0755' : '0644', sizeBytes: stat.size });
      if (files.length > LIMITS.fileCount) throw unpackable(path, 'too many files');
    }
  };
  await walk('');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
