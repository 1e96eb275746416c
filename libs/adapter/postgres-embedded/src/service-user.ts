import { readFile, stat } from 'node:fs/promises';
import { CodedError } from '@tidegate/contract-errors';

/** The account PostgreSQL runs as. `initdb` looks the uid up in passwd, so a bare number without an entry would not do. */
export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
}

const CANDIDATES = ['tidegate', 'nobody'] as const;

/**
 * PostgreSQL refuses to run as root; root therefore drops to an existing unprivileged account. An existing cluster keeps the
 * account it was made with, or it could not read its own files.
 *
 * @returns undefined when we are unprivileged already.
 * @throws CodedError database_user_missing
 */
export async function chooseServiceUser(dataDir: string, passwdFile = '/etc/passwd'): Promise<ServiceUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readAccounts(passwdFile);
  const owner = (await stat(dataDir).catch(() => undefined))?.uid ?? 0;
  const kept = [...accounts.values()].find((account) => account.uid === owner);
  if (owner !== 0 && kept) return kept;
  for (const name of CANDIDATES) {
    const account = accounts.get(name);
    if (account && account.uid !== 0) return account;
  }
  throw new CodedError('database_user_missing', { looked_for: [...CANDIDATES] });
}

async function readAccounts(passwdFile: string): Promise<Map<string, ServiceUser>> {
  const text = await readFile(passwdFile, 'utf8').catch(() => '');
  const accounts = new Map<string, ServiceUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) accounts.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
