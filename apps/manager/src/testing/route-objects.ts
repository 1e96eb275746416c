import type { RolloutPage, RolloutPlan, RouteName, UpgradePage } from '@tidegate/contract-api';
import type { Scene } from './access-world.ts';
import { askAs, makeMember, newGroup, newPerson, newUser, PERSON_PASSWORD, type Person } from './people.ts';
import { challengeOf, personWithFactor } from './second-factor.ts';

/** A request that is right in everything but, maybe, in who sends it. */
export interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the access test needs to know of an operation, beside its rule. */
export interface RouteObjects {
  /** What the rule is about: nothing in particular, a group as a whole, or a node. */
  readonly target: 'none' | 'group' | 'node';
  readonly ask?: (scene: Scene, caller: Person) => Ask | Promise<Ask>;
  /** Besides the node it concerns a group as a whole, which nobody commands who is limited to some nodes. */
  readonly alsoGroup?: true;
  /** The caller is signed out, or somebody else afterwards. */
  readonly usesUpCaller?: true;
  /** A group is named, not identified: one that the caller may not name is answered with `forbidden`. */
  readonly named?: true;
}

const ofNode =
  (more: Ask = {}) =>
  ({ nodeId }: Scene): Ask => ({ params: { id: nodeId }, ...more });
const ofGroup =
  (more: Ask = {}) =>
  ({ group }: Scene): Ask => ({ params: { id: group.id }, ...more });
const ofSpareNode =
  (more: Ask = {}) =>
  async ({ spareNode }: Scene): Promise<Ask> => ({ params: { id: await spareNode() }, ...more });
const ofSpareUser =
  (more: Ask = {}) =>
  async ({ manager, spare }: Scene): Promise<Ask> => ({
    params: { id: await spare('user', async () => (await newUser(manager)).id) },
    ...more,
  });

const idOf = (answer: { body: unknown }): string => (answer.body as { id: string }).id;
const NO_SUCH_ID = '00000000-0000-4000-8000-000000000000';

/** A session of the caller beside the one they ask with; whoever asks by a token has none. */
async function ownSession({ manager }: Scene, caller: Person): Promise<Ask> {
  if (!('cookie' in caller.headers)) return { params: { id: NO_SUCH_ID } };
  const { body } = await askAs(manager, caller, 'GET', '/api/v1/account/sessions');
  const [session] = (body as { items: { id: string }[] }).items;
  return { params: { id: session?.id ?? NO_SUCH_ID } };
}

async function ownToken({ manager }: Scene, caller: Person): Promise<Ask> {
  if (!('cookie' in caller.headers)) return { params: { id: NO_SUCH_ID } };
  const made = await askAs(manager, caller, 'POST', '/api/v1/account/tokens', { name: 'to revoke', scopes: ['read'] });
  return { params: { id: idOf(made) } };
}

async function tokenOfSomebody({ manager, spare }: Scene): Promise<Ask> {
  const ids = await spare('token', async () => {
    const owner = await newPerson(manager);
    const made = await askAs(manager, owner, 'POST', '/api/v1/account/tokens', { name: 'to revoke', scopes: ['read'] });
    return `${owner.id} ${idOf(made)}`;
  });
  const [id = '', token_id = ''] = ids.split(' ');
  return { params: { id, token_id } };
}

async function identityOfSomebody({ manager, spare }: Scene): Promise<Ask> {
  const ids = await spare('identity', async () => {
    const { id } = await newUser(manager);
    const linked = await manager.call('POST', `/api/v1/users/${id}/identities`, { issuer: 'https://id.example', subject: id });
    return `${id} ${idOf(linked)}`;
  });
  const [id = '', identity_id = ''] = ids.split(' ');
  return { params: { id, identity_id } };
}

const newMember = async ({ manager, group, spare }: Scene): Promise<Ask> => ({
  params: { id: group.id, username: await spare('username', async () => (await newUser(manager)).username) },
});

const member = async ({ manager, group, spare }: Scene): Promise<Ask> => ({
  params: {
    id: group.id,
    username: await spare('member', async () => {
      const { username } = await newUser(manager);
      await makeMember(manager, group.id, username, 'viewer');
      return username;
    }),
  },
});

/** The newest one of the node, which has one at a time. */
async function upgrade({ manager, nodeId }: Scene): Promise<Ask> {
  await manager.call('POST', `/api/v1/nodes/${nodeId}/upgrade`, { version: '9.9.9' });
  const { body } = await manager.call('GET', `/api/v1/nodes/${nodeId}/upgrades`);
  return { params: { id: (body as UpgradePage).items[0]?.id ?? NO_SUCH_ID } };
}

/** One that runs, and begins nothing for a long time. */
async function rollout({ manager, group }: Scene): Promise<Ask> {
  const { body } = await manager.call('GET', `/api/v1/rollouts?running=true&group=${group.name}`);
  const running = (body as RolloutPage).items[0]?.id;
  if (running !== undefined) return { params: { id: running } };
  const asked = { version: '1.1.0', strategy: { start_at: '2100-01-01T00:00:00Z' } };
  const begun = await manager.call('POST', `/api/v1/groups/${group.id}/upgrade`, asked);
  return { params: { id: (begun.body as RolloutPlan).rollout?.id ?? NO_SUCH_ID } };
}

const registrationToken = async ({ manager, group, spare }: Scene): Promise<Ask> => ({
  params: {
    id: await spare('registration token', async () =>
      idOf(await manager.call('POST', '/api/v1/registration-tokens', { group: group.name, device_type: 'tidegate-edge' })),
    ),
  },
});

const UNIQUE = (): string => `name-${process.hrtime.bigint()}`;
const MIRROR = { device_type: 'tidegate-edge', owner: 'owner', repo: 'repo', tag: 'v1.0.0', asset_id: '1' };

/**
 * Every operation of the API, with real objects to ask for. Whoever adds an operation adds it here: the access test compares
 * the names with those of the table of operations.
 */
export const ROUTE_OBJECTS: Readonly<Record<RouteName, RouteObjects>> = {
  // Ends the session that the browser had before.
  signIn: {
    target: 'none',
    usesUpCaller: true,
    ask: async ({ manager, spare }) => ({
      body: { username: await spare('username', async () => (await newUser(manager)).username), password: PERSON_PASSWORD },
    }),
  },
  completeSignIn: {
    target: 'none',
    usesUpCaller: true,
    ask: async ({ manager }) => {
      const { person, app } = await personWithFactor(manager);
      return { body: { challenge: await challengeOf(manager, person.username), code: app.code(1) } };
    },
  },
  readSession: { target: 'none' },
  listSignInMethods: { target: 'none' },
  startOidcSignIn: { target: 'none' },
  finishOidcSignIn: { target: 'none' },
  leaveOidc: { target: 'none' },
  signOut: { target: 'none', usesUpCaller: true },
  changePassword: {
    target: 'none',
    usesUpCaller: true,
    ask: () => ({ body: { old_password: PERSON_PASSWORD, new_password: `${PERSON_PASSWORD}!` } }),
  },
  readSecondFactor: { target: 'none' },
  beginSecondFactor: { target: 'none', ask: () => ({ body: { password: PERSON_PASSWORD } }) },
  confirmSecondFactor: { target: 'none', ask: () => ({ body: { code: '000000' } }) },
  removeSecondFactor: { target: 'none', ask: () => ({ body: { password: PERSON_PASSWORD, code: '000000' } }) },
  listOwnSessions: { target: 'none' },
  endOtherSessions: { target: 'none' },
  endOwnSession: { target: 'none', usesUpCaller: true, ask: ownSession },
  listApiTokens: { target: 'none' },
  createApiToken: { target: 'none', ask: () => ({ body: { name: UNIQUE(), scopes: ['read'] } }) },
  revokeApiToken: { target: 'none', ask: ownToken },
  listUsers: { target: 'none' },
  createUser: { target: 'none', ask: () => ({ body: { username: UNIQUE() } }) },
  readUser: { target: 'none', ask: ofSpareUser() },
  updateUser: { target: 'none', ask: ofSpareUser({ body: { disabled: true }, headers: { 'if-match': '"1"' } }) },
  removeUser: { target: 'none', ask: ofSpareUser() },
  resetPassword: { target: 'none', ask: ofSpareUser() },
  unlockUser: { target: 'none', ask: ofSpareUser() },
  resetSecondFactor: { target: 'none', ask: ofSpareUser() },
  endUserSessions: { target: 'none', ask: ofSpareUser() },
  listUserTokens: { target: 'none', ask: ofSpareUser() },
  revokeUserToken: { target: 'none', ask: tokenOfSomebody },
  listIdentities: { target: 'none', ask: ofSpareUser() },
  linkIdentity: { target: 'none', ask: ofSpareUser({ body: { issuer: 'https://id.example', subject: 'somebody' } }) },
  unlinkIdentity: { target: 'none', ask: identityOfSomebody },
  listGroups: { target: 'none' },
  createGroup: { target: 'none', ask: () => ({ body: { name: UNIQUE() } }) },
  readGroup: { target: 'group', ask: ofGroup() },
  updateGroup: {
    target: 'group',
    ask: ({ group }) => ({ params: { id: group.id }, body: { name: group.name }, headers: { 'if-match': '"1"' } }),
  },
  removeGroup: {
    target: 'none',
    ask: async ({ manager, spare }) => ({ params: { id: await spare('group', async () => (await newGroup(manager)).id) } }),
  },
  listMembers: { target: 'group', ask: ofGroup() },
  putMember: { target: 'group', ask: async (scene) => ({ ...(await newMember(scene)), body: { role: 'admin' } }) },
  removeMember: { target: 'group', ask: member },
  listNodes: { target: 'none' },
  countNodes: { target: 'none' },
  readNode: { target: 'node', ask: ofNode() },
  readNodeFacts: { target: 'node', ask: ofNode() },
  updateNode: { target: 'node', ask: ofNode({ body: { labels: { site: 'a' } }, headers: { 'if-match': '"1"' } }) },
  replaceNodeLabels: { target: 'node', ask: ofNode({ body: { labels: { site: 'a' } }, headers: { 'if-match': '"1"' } }) },
  startNodeMaintenance: { target: 'node', ask: ofNode({ body: { reason: 'a new fan' } }) },
  endNodeMaintenance: { target: 'node', ask: ofNode() },
  // To where it is: who may move it at all is the question here.
  moveNode: { target: 'node', alsoGroup: true, ask: ({ nodeId, group }) => ({ params: { id: nodeId }, body: { group: group.name } }) },
  rotateNodeKey: { target: 'node', ask: ofNode() },
  revokeNode: { target: 'node', ask: ofSpareNode({ body: { reason: 'stolen' } }) },
  releaseNode: { target: 'node', ask: ofNode({ body: { reason: 'looked at' } }) },
  removeNode: { target: 'node', ask: ofSpareNode() },
  createRegistrationToken: {
    target: 'group',
    named: true,
    ask: ({ group }) => ({ body: { group: group.name, device_type: 'tidegate-edge' } }),
  },
  listRegistrationTokens: { target: 'none' },
  readRegistrationToken: { target: 'group', ask: registrationToken },
  revokeRegistrationToken: { target: 'group', ask: registrationToken },
  requestUpgrade: { target: 'node', ask: ofNode({ body: { version: '1.1.0' } }) },
  returnNode: { target: 'node', ask: ofNode({ body: {} }) },
  explainNode: { target: 'node', ask: ofNode() },
  listUpgrades: { target: 'none' },
  listNodeUpgrades: { target: 'node', ask: ofNode() },
  readUpgrade: { target: 'node', ask: upgrade },
  cancelUpgrade: { target: 'node', ask: upgrade },
  beginRollout: { target: 'group', ask: ofGroup({ body: { version: '1.1.0', dry_run: true } }) },
  listRollouts: { target: 'none' },
  readRollout: { target: 'group', ask: rollout },
  listRolloutTargets: { target: 'group', ask: rollout },
  explainRollout: { target: 'group', ask: rollout },
  pauseRollout: { target: 'group', ask: rollout },
  resumeRollout: { target: 'group', ask: rollout },
  retryRollout: { target: 'group', ask: rollout },
  skipRolloutNode: { target: 'group', ask: async (scene) => ({ ...(await rollout(scene)), body: { node_id: scene.nodeId } }) },
  approveRollout: { target: 'group', ask: rollout },
  promoteRollout: { target: 'group', ask: rollout },
  rollBackRollout: { target: 'group', ask: async (scene) => ({ ...(await rollout(scene)), body: { scope: 'wave' } }) },
  abortRollout: { target: 'group', ask: rollout },
  checkUpgrade: { target: 'node', ask: ofNode({ body: {} }) },
  checkUpgrades: { target: 'none', ask: () => ({ body: { filter: {} } }) },
  listEvents: { target: 'none' },
  listNodeEvents: { target: 'node', ask: ofNode() },
  openStream: { target: 'none' },
  pullEvents: { target: 'none' },
  listAudit: { target: 'none' },
  exportAudit: { target: 'none' },
  listAuditKeys: { target: 'none' },
  verifyAudit: { target: 'none', ask: () => ({ body: {} }) },
  pullAudit: { target: 'none' },
  listReleases: { target: 'none', ask: () => ({ params: MIRROR }) },
  listMirroredReleases: { target: 'none', ask: () => ({ params: MIRROR }) },
  readMirroredRelease: { target: 'none', ask: () => ({ params: MIRROR }) },
  readMirroredAsset: { target: 'none', ask: () => ({ params: MIRROR }) },
  readDiscoveryStatus: { target: 'none' },
  listDiscoveryCandidates: { target: 'none' },
  checkDiscovery: { target: 'none', ask: () => ({ body: {} }) },
  healthz: { target: 'none' },
  readyz: { target: 'none' },
  readOpenApi: { target: 'none' },
};
