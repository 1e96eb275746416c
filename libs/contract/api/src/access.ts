/** Everything the API can be asked to do, with who may: one table for the manager's predicate, the console's buttons and the docs. */
export const PLATFORM_ROLES = ['user', 'super_admin'] as const;
export type PlatformRole = (typeof PLATFORM_ROLES)[number];
/** Each includes the ones before it. */
export const GROUP_ROLES = ['viewer', 'operator', 'admin'] as const;
export type GroupRole = (typeof GROUP_ROLES)[number];
/** What an API token may be used for, however much its owner may do. `siem` reads events and the audit trail and nothing else. */
export const TOKEN_SCOPES = ['read', 'operate', 'administer', 'siem'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/**
 * `self`: concerns only the caller, who needs to be signed in. `everybody`: the same for every signed-in caller. `group`: needs
 * the named role in the group the object belongs to. `installation`: super_admin only. A super_admin may do everything.
 */
export type Where = 'self' | 'everybody' | 'group' | 'installation';

export interface ActionRule {
  readonly where: Where;
  /** For `group`. */
  readonly least: GroupRole | null;
  /** Any of these on an API token admits the action; none: no token may, only a session. */
  readonly scopes: readonly TokenScope[];
}

const self = (...scopes: TokenScope[]): ActionRule => ({ where: 'self', least: null, scopes });
const everybody = (...scopes: TokenScope[]): ActionRule => ({ where: 'everybody', least: null, scopes });
const group = (least: GroupRole, ...scopes: TokenScope[]): ActionRule => ({ where: 'group', least, scopes });
const installation = (...scopes: TokenScope[]): ActionRule => ({ where: 'installation', least: null, scopes });

export const ACTIONS = {
  'session.own': self('read', 'operate', 'administer', 'siem'),
  // Password, second factor and API tokens: a token must not be able to make itself stronger.
  'account.own': self(),
  'release.read': everybody('read', 'operate', 'administer'),
  'discovery.read': everybody('read', 'operate', 'administer'),
  'discovery.check': group('operator', 'operate', 'administer'),
  'group.read': group('viewer', 'read', 'operate', 'administer'),
  'group.update': group('admin', 'administer'),
  'group.create': installation('administer'),
  'group.remove': installation('administer'),
  'member.read': group('admin', 'read', 'administer'),
  'member.manage': group('admin', 'administer'),
  'user.read': installation('read', 'administer'),
  'user.manage': installation('administer'),
  'node.read': group('viewer', 'read', 'operate', 'administer'),
  'node.label': group('operator', 'operate', 'administer'),
  'node.maintenance': group('operator', 'operate', 'administer'),
  'node.upgrade': group('operator', 'operate', 'administer'),
  'node.return': group('operator', 'operate', 'administer'),
  'node.move': group('admin', 'administer'),
  'node.rotate_key': group('admin', 'administer'),
  'node.revoke': group('admin', 'administer'),
  'node.remove': group('admin', 'administer'),
  'node.release': group('admin', 'administer'),
  'registration_token.read': group('admin', 'read', 'administer'),
  'registration_token.create': group('admin', 'administer'),
  'registration_token.revoke': group('admin', 'administer'),
  'upgrade.read': group('viewer', 'read', 'operate', 'administer'),
  'upgrade.check': group('viewer', 'read', 'operate', 'administer'),
  'upgrade.cancel': group('operator', 'operate', 'administer'),
  'rollout.read': group('viewer', 'read', 'operate', 'administer'),
  'rollout.manage': group('admin', 'administer'),
  'event.read': group('viewer', 'read', 'operate', 'administer', 'siem'),
  'event.export': group('viewer', 'siem'),
  'audit.read': installation('read', 'siem'),
  'audit.verify': installation('read', 'administer'),
  'platform.read': installation('read', 'administer'),
} as const satisfies Record<string, ActionRule>;
export type Action = keyof typeof ACTIONS;
