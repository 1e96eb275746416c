import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceUser } from './service-user.ts';

/** sockaddr_un.sun_path holds 108 bytes with its end; the socket's own name is `/.s.PGSQL.5432`. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * A short folder for the unix socket, the same one for the same data folder, so that a restarted manager reconnects without
 * being told. The folder is private: whoever cannot enter it cannot connect, which is the database's whole access control.
 */
export async function prepareSocketFolder(dataDir: string, user: ServiceUser | undefined): Promise<string> {
  const parent = shortTmpDir();
  const folder = join(parent, `tidegate-pg-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
  const uid = user?.uid ?? process.getuid?.() ?? 0;
  if (await claim(folder, uid, user)) return folder;
  // Somebody else sits on the name (the parent is open to all): take one that cannot be guessed.
  const fresh = await mkdtemp(join(parent, 'tidegate-pg-'));
  if (user) await chown(fresh, user.uid, user.gid);
  return fresh;
}

async function claim(folder: string, uid: number, user: ServiceUser | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    if (user) await chown(folder, user.uid, user.gid);
    await chmod(folder, 0o700);
    return true;
  } catch {
    const stats = await lstat(folder).catch(() => undefined);
    return stats !== undefined && stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0;
  }
}

function shortTmpDir(): string {
  const configured = tmpdir();
  const longest = join(configured, 'tidegate-pg-0123456789ab', '.s.PGSQL.5432.lock');
  return Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES ? configured : '/tmp';
}
