import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { CodedError } from '@tidegate/contract-errors';

const MAX_BYTES = 4096;

/**
 * Reads a file that only its owner may read; null when it is absent. Throws `identity_unusable` (details: file, reason) when
 * it is a link, no plain file, open to others or too large: a key others could read is no longer an identity.
 */
export function readPrivateFile(file: string): string | null {
  const unusable = (reason: string): CodedError => new CodedError('identity_unusable', { file, reason });
  let opened: number;
  try {
    opened = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw unusable(code === 'ELOOP' ? 'link' : code);
  }
  try {
    // Of the open file, not of its name: the name may be exchanged in between.
    const status = fstatSync(opened);
    if (!status.isFile()) throw unusable('no plain file');
    if ((status.mode & 0o077) !== 0) throw unusable('open to others');
    if (status.size > MAX_BYTES) throw unusable('too large');
    return readFileSync(opened, 'utf8');
  } finally {
    closeSync(opened);
  }
}
