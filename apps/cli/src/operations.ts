import type { RouteName } from '@tidegate/contract-api';
import type { Resolver } from './names.ts';
import type { ViewName } from './views.ts';

export interface Argument {
  readonly name: string;
  readonly says: string;
  /** The parameter of the path, or the field of the body, that it fills. */
  readonly fills: string;
  readonly place: 'path' | 'query' | 'body';
  readonly resolve?: Resolver;
  readonly optional?: true;
}

/** A command that is one operation of the API: its options come from the operation's own schemas. */
export interface Operation {
  readonly words: string;
  readonly route: RouteName;
  readonly arguments?: readonly Argument[];
  /** The list's columns; without, the answer is shown field by field. */
  readonly view?: ViewName;
  /** Said on stderr once it is done. */
  readonly done?: string;
  /** For a route that wants If-Match: what to read first. */
  readonly reads?: RouteName;
  /** Fields that no option fills. */
  readonly without?: readonly string[];
}

const inPath = (name: string, says: string, resolve?: Resolver, fills = 'id'): Argument => ({
  name,
  says,
  fills,
  place: 'path',
  ...(resolve && { resolve }),
});
const inBody = (name: string, says: string, fills = name): Argument => ({ name, says, fills, place: 'body' });
const NODE = inPath('node', 'name or id of the node', 'node');
const GROUP = inPath('group', 'name or id of the group', 'group');
const USER = inPath('user', 'name or id of the user', 'user');
const TOKEN_ID = inPath('token', 'id of the registration token');
const OWN_TOKEN = inPath('token', 'name or id of the token', 'apiToken');
const MEMBER = inPath('username', 'name of the user', undefined, 'username');

const nodes: readonly Operation[] = [
  { words: 'node list', route: 'listNodes', view: 'node' },
  { words: 'node count', route: 'countNodes' },
  { words: 'node get', route: 'readNode', arguments: [NODE] },
  { words: 'node facts', route: 'readNodeFacts', arguments: [NODE] },
  { words: 'node events', route: 'listNodeEvents', arguments: [NODE], view: 'event' },
  { words: 'node upgrades', route: 'listNodeUpgrades', arguments: [NODE], view: 'upgrade' },
  { words: 'node explain', route: 'explainNode', arguments: [NODE] },
  {
    words: 'node rename',
    route: 'updateNode',
    arguments: [NODE, inBody('name', 'new name', 'display_name')],
    reads: 'readNode',
    without: ['labels'],
  },
  { words: 'node maintenance start', route: 'startNodeMaintenance', arguments: [NODE] },
  { words: 'node maintenance end', route: 'endNodeMaintenance', arguments: [NODE] },
  { words: 'node move', route: 'moveNode', arguments: [NODE, inBody('group', 'name of the other group')] },
  { words: 'node rotate-key', route: 'rotateNodeKey', arguments: [NODE], done: 'The node is asked for a new key.' },
  { words: 'node revoke', route: 'revokeNode', arguments: [NODE] },
  { words: 'node release', route: 'releaseNode', arguments: [NODE] },
  { words: 'node remove', route: 'removeNode', arguments: [NODE], done: 'Decommissioned.' },
  {
    words: 'node check',
    route: 'checkUpgrade',
    arguments: [NODE, { ...inBody('version', 'without one, the newest of the channel'), optional: true }],
  },
];

const upgrades: readonly Operation[] = [
  { words: 'upgrade list', route: 'listUpgrades', view: 'upgrade' },
  { words: 'upgrade get', route: 'readUpgrade', arguments: [inPath('upgrade', 'id of the upgrade')] },
  { words: 'upgrade cancel', route: 'cancelUpgrade', arguments: [inPath('upgrade', 'id of the upgrade')] },
  { words: 'node cancel', route: 'cancelUpgrade', arguments: [inPath('node', 'name or id of the node', 'runningUpgrade')] },
];

const ROLLOUT = inPath('rollout', 'id of the rollout');
const rollouts: readonly Operation[] = [
  { words: 'rollout list', route: 'listRollouts', view: 'rollout' },
  { words: 'rollout get', route: 'readRollout', arguments: [ROLLOUT] },
  { words: 'rollout nodes', route: 'listRolloutTargets', arguments: [ROLLOUT], view: 'target' },
  { words: 'rollout explain', route: 'explainRollout', arguments: [ROLLOUT] },
  { words: 'rollout pause', route: 'pauseRollout', arguments: [ROLLOUT] },
  { words: 'rollout resume', route: 'resumeRollout', arguments: [ROLLOUT] },
  { words: 'rollout retry', route: 'retryRollout', arguments: [ROLLOUT] },
  { words: 'rollout skip', route: 'skipRolloutNode', arguments: [ROLLOUT] },
  { words: 'rollout approve', route: 'approveRollout', arguments: [ROLLOUT] },
  { words: 'rollout promote', route: 'promoteRollout', arguments: [ROLLOUT] },
  { words: 'rollout rollback', route: 'rollBackRollout', arguments: [ROLLOUT] },
  { words: 'rollout abort', route: 'abortRollout', arguments: [ROLLOUT] },
];

const releases: readonly Operation[] = [
  {
    words: 'release list',
    route: 'listReleases',
    arguments: [inPath('device-type', 'such as edge', undefined, 'device_type')],
    view: 'release',
  },
  { words: 'release discovery status', route: 'readDiscoveryStatus' },
  { words: 'release discovery check', route: 'checkDiscovery', done: 'The remotes are looked at.' },
];

const people: readonly Operation[] = [
  { words: 'group list', route: 'listGroups', view: 'group' },
  { words: 'group get', route: 'readGroup', arguments: [GROUP] },
  { words: 'group create', route: 'createGroup', arguments: [inBody('name', 'name of the group')] },
  { words: 'group rename', route: 'updateGroup', arguments: [GROUP, inBody('name', 'new name')], reads: 'readGroup' },
  { words: 'group remove', route: 'removeGroup', arguments: [GROUP], done: 'Removed.' },
  { words: 'member list', route: 'listMembers', arguments: [GROUP], view: 'member' },
  { words: 'member set', route: 'putMember', arguments: [GROUP, MEMBER] },
  { words: 'member remove', route: 'removeMember', arguments: [GROUP, MEMBER], done: 'No member any more.' },
  { words: 'user list', route: 'listUsers', view: 'user' },
  { words: 'user get', route: 'readUser', arguments: [USER] },
  // A password on the command line would stand in the process list; the one-time password is the way.
  { words: 'user create', route: 'createUser', arguments: [inBody('username', 'never changes')], without: ['password'] },
  { words: 'user update', route: 'updateUser', arguments: [USER], reads: 'readUser' },
  { words: 'user remove', route: 'removeUser', arguments: [USER], done: 'Removed.' },
  { words: 'user reset-password', route: 'resetPassword', arguments: [USER] },
  { words: 'user unlock', route: 'unlockUser', arguments: [USER], done: 'Unlocked.' },
  { words: 'user reset-second-factor', route: 'resetSecondFactor', arguments: [USER], done: 'They sign in by their password alone now.' },
  { words: 'user sign-out', route: 'endUserSessions', arguments: [USER], done: 'Every session has ended.' },
  { words: 'user tokens', route: 'listUserTokens', arguments: [USER], view: 'apiToken' },
  {
    words: 'user revoke-token',
    route: 'revokeUserToken',
    arguments: [USER, inPath('token', 'id of the token', undefined, 'token_id')],
    done: 'Revoked.',
  },
  { words: 'user identities', route: 'listIdentities', arguments: [USER], view: 'identity' },
  { words: 'user link', route: 'linkIdentity', arguments: [USER, inBody('subject', 'sub of the provider’s tokens')] },
  {
    words: 'user unlink',
    route: 'unlinkIdentity',
    arguments: [USER, inPath('identity', 'id of the identity', undefined, 'identity_id')],
    done: 'Unlinked.',
  },
];

const credentials: readonly Operation[] = [
  {
    words: 'token registration create',
    route: 'createRegistrationToken',
    arguments: [inBody('device-type', 'such as edge', 'device_type')],
    done: 'The token is shown this once. Run the install command as root on the node.',
  },
  { words: 'token registration list', route: 'listRegistrationTokens', view: 'registrationToken' },
  { words: 'token registration get', route: 'readRegistrationToken', arguments: [TOKEN_ID] },
  { words: 'token registration revoke', route: 'revokeRegistrationToken', arguments: [TOKEN_ID] },
  {
    words: 'token api create',
    route: 'createApiToken',
    arguments: [inBody('name', 'what it is for')],
    done: 'The token is shown this once.',
  },
  { words: 'token api list', route: 'listApiTokens', view: 'apiToken' },
  { words: 'token api revoke', route: 'revokeApiToken', arguments: [OWN_TOKEN], done: 'Revoked.' },
  { words: 'account second-factor show', route: 'readSecondFactor' },
  { words: 'account sessions', route: 'listOwnSessions', view: 'ownSession' },
  { words: 'account end-session', route: 'endOwnSession', arguments: [inPath('session', 'id of the session')], done: 'Ended.' },
  { words: 'account end-other-sessions', route: 'endOtherSessions', done: 'Every other session has ended.' },
];

const records: readonly Operation[] = [
  { words: 'event list', route: 'listEvents', view: 'event' },
  { words: 'audit list', route: 'listAudit', view: 'audit' },
  { words: 'audit keys', route: 'listAuditKeys' },
];

export const OPERATIONS: readonly Operation[] = [...nodes, ...upgrades, ...rollouts, ...releases, ...people, ...credentials, ...records];

/** What the first words stand for, in the help and the docs. */
export const TOPICS: Readonly<Record<string, string>> = {
  node: 'machines that are managed',
  'node maintenance': 'take a node out of rollouts for a while',
  upgrade: 'upgrades of single nodes',
  rollout: 'upgrades of whole groups, in waves',
  release: 'what could be installed',
  'release discovery': 'newer tags on git remotes',
  group: 'groups of nodes, and who may do what with them',
  member: 'who is in a group, as what',
  user: 'who may sign in',
  token: 'what admits nodes and programs',
  'token registration': 'admit a node, once',
  'token api': 'let a program act for you',
  account: 'your own account',
  'account second-factor': 'a code of an authenticator app, beside the password',
  event: 'what happened to nodes and to the manager',
  audit: 'who did what',
  context: 'managers that you are signed in to',
  platform: 'the manager itself',
};
