import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CodedError } from '@tidegate/contract-errors';

const MAX_BYTES = 4096;

/**
 * Reads a file that only its owner may read; null when it is absent. Throws `identity_unusable` (details: file, reason) when
 * it is a link, no plain file, open to others or too large: a key others could read is no longer an identity.
 */
export async function readPrivateFile(file: string): Promise<string | null> {
  const unusable = (reason: string): CodedError => new CodedError('identity_unusable', { file, reason });
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw unusable(error.code === 'ELOOP' ? 'link' : (error.code ?? 'unreadable'));
    },
  );
  if (handle === null) return null;
  try {
    // Of the open file, not of its name: the name may be exchanged in between.
    const status = await handle.stat();
    if (!status.isFile()) throw unusable('no plain file');
    if ((status.mode & 0o077) !== 0) throw unusable('open to others');
    if (status.size > MAX_BYTES) throw unusable('too large');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
