import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a request carries the token of the file. Read each time, so that it can be exchanged; an empty or unreadable file admits nobody. */
export async function carriesTokenOf(file: string, authorization: string | undefined): Promise<boolean> {
  const token = (await readFile(file, 'utf8').catch(() => '')).trim();
  return token !== '' && timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}
