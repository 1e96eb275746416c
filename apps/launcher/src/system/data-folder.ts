import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { takeLock } from './exclusive-folder.ts';

/** Everything a local system keeps, under one folder: a second start of the same folder finds its fleet again. */
export interface DataFolder {
  readonly root: string;
  readonly managerConfig: string;
  readonly managerData: string;
  readonly releases: string;
  readonly authority: string;
  readonly demoReleases: string;
  readonly nodes: string;
  readonly guards: string;
  readonly logs: string;
  readonly passwordFile: string;
  /** What runs right now, for people and tests: see process-table.ts. */
  readonly processTable: string;
  readonly ports: string;
  /** True when nothing was here before. */
  readonly isFresh: boolean;
  release(): void;
}

/**
 * Opens the folder for this process alone. Refuses with `data_dir_unwritable` or `data_dir_in_use`, both before anything
 * in it was changed.
 */
export function openDataFolder(root: string): DataFolder {
  const at = (...parts: string[]) => join(root, ...parts);
  const isFresh = !existsSync(at('admin-password'));
  const lock = lockFolder(root);
  const folder: DataFolder = {
    root,
    managerConfig: at('manager', 'config.json'),
    managerData: at('manager', 'data'),
    releases: at('releases'),
    authority: at('authority'),
    demoReleases: at('demo-releases'),
    nodes: at('nodes'),
    guards: at('guards'),
    logs: at('logs'),
    passwordFile: at('admin-password'),
    processTable: at('processes.json'),
    ports: at('ports.json'),
    isFresh,
    release: lock,
  };
  for (const path of [at('manager'), folder.managerData, folder.releases, folder.demoReleases, folder.nodes, folder.guards, folder.logs]) {
    mkdirSync(path, { recursive: true });
  }
  mkdirSync(folder.authority, { recursive: true, mode: 0o700 });
  return folder;
}

function lockFolder(root: string): () => void {
  try {
    mkdirSync(root, { recursive: true });
    accessSync(root, constants.W_OK | constants.X_OK);
    const lock = takeLock(root, 'launcher.lock');
    if ('heldBy' in lock) throw new CodedError('data_dir_in_use', { folder: root, process: lock.heldBy });
    return lock.release;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOTDIR' || code === 'EEXIST') {
      throw new CodedError('data_dir_unwritable', { folder: root, system: code }, { cause: error });
    }
    throw error;
  }
}

/** The administrator's password: made at the first start and kept, so that it can be shown again at every start. */
export function adminPassword(folder: DataFolder): string {
  if (existsSync(folder.passwordFile)) return readFileSync(folder.passwordFile, 'utf8').trim();
  const password = randomBytes(12).toString('base64url');
  writeFileSync(folder.passwordFile, `${password}\n`, { mode: 0o600 });
  chmodSync(folder.passwordFile, 0o600);
  return password;
}
