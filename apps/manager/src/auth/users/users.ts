import { Inject, Injectable } from '@nestjs/common';
import type { createUser, CreatedUser, listUsers, PasswordReset, updateUser, UserPage, UserView } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, CLOCK, Database, decodeCursor, encodeCursor, type Clock } from '../../platform/index.ts';
import type { SignedIn } from '../access-rule.ts';
import { Credentials } from '../credentials.ts';
import { newOneTimePassword } from '../password.ts';
import { deleteFactor } from '../persistence/second-factor-records.ts';
import { endSessionsOf } from '../persistence/session-records.ts';
import { clearFailures } from '../persistence/sign-in-records.ts';
import * as records from '../persistence/user-records.ts';
import { viewOfUser } from './user-view.ts';

const ONE_TIME_MS = 7 * 86_400_000;
const cursorSchema = z.strictObject({ username: z.string().max(64) });

type Change = z.output<typeof updateUser>;

/** Accounts, as a super_admin manages them; the route's rule has been checked, and there is no narrower one. */
@Injectable()
export class Users {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly credentials: Credentials,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(query: z.output<typeof listUsers>): Promise<UserPage> {
    const after = decodeCursor(cursorSchema, query.cursor);
    const now = this.clock.now();
    const rows = await this.database.read((em) => records.selectUsers(em, query, after?.username ?? null, now));
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const next = rows.length > query.limit && last ? encodeCursor({ username: last.username }) : null;
    return { items: page.map((row) => viewOfUser(row, now)), next_cursor: next };
  }

  /** @throws CodedError user_not_found */
  read(id: string): Promise<UserView> {
    return this.database.read((em) => this.view(em, id));
  }

  /** @throws CodedError user_name_taken */
  async create(caller: SignedIn, request: z.output<typeof createUser>): Promise<CreatedUser> {
    const now = this.clock.now();
    const oneTimePassword = request.password === undefined ? newOneTimePassword() : null;
    const passwordHash = await this.credentials.hash(request.password ?? oneTimePassword ?? '', caller.address);
    const { username, role } = request;
    const expiresAt = request.expires_at === null ? null : new Date(request.expires_at);
    const oneTimeUntil = oneTimePassword === null ? null : new Date(now.getTime() + ONE_TIME_MS);
    const user = await this.database.transaction(async (em) => {
      const id = await records.insertUser(em, { username, passwordHash, role, expiresAt, oneTimeUntil }, now);
      if (id === null) throw new CodedError('user_name_taken');
      await this.record(em, caller, 'user.create', id, { username, role, expires_at: expiresAt?.toISOString() ?? null });
      return await this.view(em, id);
    });
    return { user, one_time_password: oneTimePassword };
  }

  /** @throws CodedError user_not_found, revision_stale, last_super_admin */
  async update(caller: SignedIn, id: string, revision: number, change: Change): Promise<UserView> {
    const user = await this.database.transaction(async (em) => {
      const lasting = await records.lockLastingSuperAdmins(em);
      const before = await records.lockUser(em, id);
      if (!before) throw new CodedError('user_not_found');
      if (before.revision !== revision) throw new CodedError('revision_stale');
      const after = this.changed(before, change);
      const lasts = after.role === 'super_admin' && !after.disabledAt && !after.expiresAt;
      if (!lasts) refuseLast(lasting, id);
      await records.writeUser(em, { id, ...after });
      // Whoever has other rights now signs in for them anew; a session from before must not carry them.
      if (after.disabledAt || after.role !== before.role) await endSessionsOf(em, id);
      const was = { role: before.role, disabled: before.disabled_at !== null, expires_at: before.expires_at?.toISOString() ?? null };
      const is = { role: after.role, disabled: after.disabledAt !== null, expires_at: after.expiresAt?.toISOString() ?? null };
      await this.record(em, caller, 'user.update', id, { username: before.username, before: was, after: is });
      return await this.view(em, id);
    });
    this.changes.emit('access', id);
    return user;
  }

  /** @throws CodedError user_not_found, last_super_admin */
  async remove(caller: SignedIn, id: string): Promise<void> {
    await this.database.transaction(async (em) => {
      const lasting = await records.lockLastingSuperAdmins(em);
      const user = await records.lockUser(em, id);
      if (!user) throw new CodedError('user_not_found');
      refuseLast(lasting, id);
      await records.deleteUser(em, id);
      await this.record(em, caller, 'user.remove', id, { username: user.username, role: user.role });
    });
    this.changes.emit('access', id);
  }

  /** API tokens stay: they are listed and revoked by themselves. @throws CodedError user_not_found */
  async resetPassword(caller: SignedIn, id: string): Promise<PasswordReset> {
    const password = newOneTimePassword();
    const passwordHash = await this.credentials.hash(password, caller.address);
    await this.act(caller, 'user.password_reset', id, async (em, username) => {
      await records.writePassword(em, id, passwordHash, new Date(this.clock.now().getTime() + ONE_TIME_MS));
      await clearFailures(em, username);
      return { sessions_ended: await endSessionsOf(em, id) };
    });
    return { one_time_password: password };
  }

  /** @throws CodedError user_not_found */
  unlock(caller: SignedIn, id: string): Promise<void> {
    return this.act(caller, 'user.unlock', id, async (em, username) => ({ was_locked: await clearFailures(em, username) }));
  }

  /** For somebody who lost it. @throws CodedError user_not_found, second_factor_off */
  resetSecondFactor(caller: SignedIn, id: string): Promise<void> {
    return this.act(caller, 'user.second_factor_reset', id, async (em) => {
      if (!(await deleteFactor(em, id))) throw new CodedError('second_factor_off');
      return { sessions_ended: await endSessionsOf(em, id) };
    });
  }

  /** @throws CodedError user_not_found */
  endSessions(caller: SignedIn, id: string): Promise<void> {
    return this.act(caller, 'user.sessions_end', id, async (em) => ({ sessions_ended: await endSessionsOf(em, id) }));
  }

  private async act(
    caller: SignedIn,
    action: string,
    id: string,
    work: (em: EntityManager, username: string) => Promise<Readonly<Record<string, unknown>>>,
  ): Promise<void> {
    await this.database.transaction(async (em) => {
      const user = await records.lockUser(em, id);
      if (!user) throw new CodedError('user_not_found');
      const details = await work(em, user.username);
      await this.record(em, caller, action, id, { username: user.username, ...details });
    });
    this.changes.emit('access', id);
  }

  private changed(
    before: { role: UserView['role']; disabled_at: Date | null; expires_at: Date | null },
    change: Change,
  ): { role: UserView['role']; disabledAt: Date | null; expiresAt: Date | null } {
    const { disabled = before.disabled_at !== null, expires_at: expiresAt = before.expires_at?.toISOString() ?? null } = change;
    return {
      role: change.role ?? before.role,
      disabledAt: disabled ? (before.disabled_at ?? this.clock.now()) : null,
      expiresAt: expiresAt === null ? null : new Date(expiresAt),
    };
  }

  private async view(em: EntityManager, id: string): Promise<UserView> {
    const row = await records.findUser(em, id);
    if (!row) throw new CodedError('user_not_found');
    return viewOfUser(row, this.clock.now());
  }

  private record(
    em: EntityManager,
    caller: SignedIn,
    action: string,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    return this.audit.append(em, { actor: caller.actor, action, target: { kind: 'user', id }, address: caller.address, details });
  }
}

function refuseLast(lasting: readonly string[], id: string): void {
  if (lasting.length === 1 && lasting[0] === id) throw new CodedError('last_super_admin');
}
