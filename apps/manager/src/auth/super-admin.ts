import { CodedError } from '@tidegate/contract-errors';
import { appendAudit } from '../audit/index.ts';
import type { Database } from '../platform/index.ts';
import { hashPassword, newOneTimePassword } from './password.ts';
import { insertUser } from './persistence/user-records.ts';

type EntityManager = Parameters<Parameters<Database['transaction']>[0]>[0];

const ONE_TIME_MS = 86_400_000;

/**
 * From the machine itself, without anybody who is signed in.
 * @param password null: one that opens nothing but the choice of an own one, for a day
 * @returns that one-time password, which nobody can read again
 * @throws CodedError user_name_taken
 */
export async function createSuperAdmin(em: EntityManager, username: string, password: string | null, now: Date): Promise<string | null> {
  const oneTime = password === null ? newOneTimePassword() : null;
  const passwordHash = await hashPassword(password ?? oneTime ?? '');
  const oneTimeUntil = oneTime === null ? null : new Date(now.getTime() + ONE_TIME_MS);
  const id = await insertUser(em, { username, passwordHash, role: 'super_admin', expiresAt: null, oneTimeUntil }, now);
  if (id === null) throw new CodedError('user_name_taken');
  const details = { username, role: 'super_admin', from: 'command line' };
  await appendAudit(em, [{ at: now, actor: 'system', action: 'user.create', targetKind: 'user', targetId: id, address: null, details }]);
  return oneTime;
}
