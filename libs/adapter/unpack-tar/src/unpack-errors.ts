import { CodedError } from '@tidegate/contract-errors';

/** The archive is not what the signed list says. `entry` is shortened: it may come from the archive. */
export const extractFailed = (rule: string, entry?: string): CodedError =>
  new CodedError('upgrade_extract_failed', { rule, ...(entry !== undefined && { entry: entry.slice(0, 240) }) });

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Runs an act on the install root; what the system refuses comes out under its code, with the system's error name. */
export async function atStorage<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw storageError(error);
  }
}

/** What the system refused, under its code; anything else as it is. */
export function storageError(error: unknown): unknown {
  const name = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof CodedError || name === undefined) return error;
  return new CodedError(FULL.has(name) ? 'upgrade_disk_full' : 'upgrade_storage_error', { error: name }, { cause: error });
}
