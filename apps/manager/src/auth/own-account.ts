import { Injectable } from '@nestjs/common';
import type { OwnSessionList } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/index.ts';
import { ChangeFeed, Database } from '../platform/index.ts';
import type { SignedIn } from './access-rule.ts';
import { Credentials } from './credentials.ts';
import { endSessionOf, endSessionsOf } from './persistence/session-records.ts';
import { clearFailures } from './persistence/sign-in-records.ts';
import { writePassword } from './persistence/user-records.ts';
import type { Opened } from './sign-in.ts';
import { Sessions, type Origin } from './sessions.ts';

/** What people do with their own account. */
@Injectable()
export class OwnAccount {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly sessions: Sessions,
    private readonly changes: ChangeFeed,
  ) {}

  /**
   * Every session ends, this one is opened anew: whoever else had a cookie has none now.
   * @throws CodedError old_password_wrong, account_locked, rate_limited; request_invalid when it is the same again
   */
  async changePassword(caller: SignedIn, oldPassword: string, newPassword: string, origin: Origin): Promise<Opened> {
    if (newPassword === oldPassword) throw new CodedError('request_invalid', { fields: ['new_password: same'] });
    const { userId, username } = caller.principal;
    try {
      await this.credentials.check(username, oldPassword, origin.address);
    } catch (error) {
      // Not the answer of a wrong sign-in: the session is a good one and stays.
      throw isCodedError(error) && error.code === 'credentials_invalid' ? new CodedError('old_password_wrong') : error;
    }
    const passwordHash = await this.credentials.hash(newPassword, origin.address);
    const secret = await this.database.transaction(async (em) => {
      if (!(await writePassword(em, userId, passwordHash, null))) throw new CodedError('not_signed_in');
      await clearFailures(em, username);
      const ended = await endSessionsOf(em, userId, caller.credentialId);
      await endSessionOf(em, userId, caller.credentialId);
      await this.record(em, caller, 'user.password_change', { other_sessions_ended: ended });
      return await this.sessions.open(em, userId, origin, 'password');
    });
    this.changes.emit('access', userId);
    return { ...(await this.sessions.resume(secret)), credential: { via: 'session', secret } };
  }

  async listSessions(caller: SignedIn): Promise<OwnSessionList> {
    const rows = await this.sessions.listOf(caller.principal.userId);
    return {
      items: rows.map((row) => ({
        ...row,
        created_at: row.created_at.toISOString(),
        last_used_at: row.last_used_at.toISOString(),
        expires_at: row.expires_at.toISOString(),
        current: row.id === caller.credentialId,
      })),
    };
  }

  /** @throws CodedError session_not_found also for somebody else's */
  async endSession(caller: SignedIn, id: string): Promise<void> {
    await this.database.transaction(async (em) => {
      if (!(await endSessionOf(em, caller.principal.userId, id))) throw new CodedError('session_not_found');
      await this.record(em, caller, 'user.session_end', { session_id: id });
    });
    this.changes.emit('access', caller.principal.userId);
  }

  async endOtherSessions(caller: SignedIn): Promise<void> {
    await this.database.transaction(async (em) => {
      const ended = await endSessionsOf(em, caller.principal.userId, caller.credentialId);
      await this.record(em, caller, 'user.sessions_end', { sessions_ended: ended });
    });
    this.changes.emit('access', caller.principal.userId);
  }

  private record(em: EntityManager, caller: SignedIn, action: string, details: Readonly<Record<string, unknown>>): Promise<void> {
    const target = { kind: 'user', id: caller.principal.userId } as const;
    return this.audit.append(em, { actor: caller.actor, action, target, address: caller.address, details });
  }
}
