import type { SessionView } from '@tidegate/contract-api';
import type { Request } from 'express';
import type { SignedIn } from './access-rule.ts';
import { csrfTokenOf } from './session-secret.ts';
import type { Origin } from './sessions.ts';

export const originOf = (request: Request): Origin => ({ address: request.ip ?? '', userAgent: request.get('user-agent') ?? null });

export const viewOfSession = ({
  principal,
  credential,
  expiresAt,
  method,
  passwordChangeRequired,
  secondFactorSetupRequired,
}: Omit<SignedIn, 'address'>): SessionView => ({
  user: { id: principal.userId, username: principal.username, role: principal.role },
  memberships: [...principal.memberships].map(([groupId, { role, nodeIds }]) => ({
    group_id: groupId,
    role,
    node_ids: nodeIds && [...nodeIds],
  })),
  via: credential.via,
  method,
  password_change_required: passwordChangeRequired,
  second_factor_setup_required: secondFactorSetupRequired,
  csrf_token: credential.via === 'session' ? csrfTokenOf(credential.secret) : '',
  expires_at: expiresAt.toISOString(),
});
