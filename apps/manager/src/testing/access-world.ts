import type { GroupRole, TokenScope } from '@tidegate/contract-api';
import type { ManagerUnderTest } from './manager-under-test.ts';
import { makeMember, newGroup, newPerson, NOBODY, withToken, type Person } from './people.ts';
import { newIdentity, type ScriptedNode } from './scripted-node.ts';

/** A kind of caller, in the words of docs/access.md. */
export interface CallerKind {
  readonly name: string;
  readonly signedIn: boolean;
  readonly superAdmin?: boolean;
  /** In the own group; nothing in the foreign one. */
  readonly role?: GroupRole;
  /** The membership holds for one node of the own group. */
  readonly limited?: boolean;
  /** Asks by an API token with these. */
  readonly scopes?: readonly TokenScope[];
  /** The token is limited to the own group; its owner is a super_admin. */
  readonly ownGroupOnly?: boolean;
}

const member = (role: GroupRole, limited = false): CallerKind => ({
  name: limited ? `${role} of one node` : role,
  signedIn: true,
  role,
  ...(limited && { limited }),
});
const tokenOf = (owner: CallerKind, ...scopes: TokenScope[]): CallerKind => ({
  ...owner,
  name: `token ${scopes.join('+')} of ${owner.name}`,
  scopes,
});
const superAdmin: CallerKind = { name: 'super_admin', signedIn: true, superAdmin: true };

export const CALLERS: readonly CallerKind[] = [
  { name: 'nobody', signedIn: false },
  { name: 'no membership', signedIn: true },
  member('viewer'),
  member('operator'),
  member('admin'),
  member('viewer', true),
  member('operator', true),
  member('admin', true),
  superAdmin,
  tokenOf(superAdmin, 'read'),
  tokenOf(superAdmin, 'operate'),
  tokenOf(superAdmin, 'administer'),
  tokenOf(superAdmin, 'siem'),
  tokenOf(member('admin'), 'administer'),
  tokenOf(member('viewer'), 'operate', 'administer'),
  tokenOf(member('operator', true), 'operate'),
  { name: 'token of super_admin for one group', signedIn: true, role: 'admin', scopes: ['read', 'administer'], ownGroupOnly: true },
];

/** `own`: the caller's group, and the one node of those who are limited. `beside`: another node there. `foreign`: another group. */
export type Place = 'own' | 'beside' | 'foreign';
export const PLACES: readonly Place[] = ['own', 'beside', 'foreign'];

export interface Scene {
  readonly manager: ManagerUnderTest;
  readonly group: { readonly id: string; readonly name: string };
  readonly node: ScriptedNode;
  readonly nodeId: string;
  /** An object that an operation may use up: made anew after it has. */
  spare(kind: string, make: () => Promise<string>): Promise<string>;
  spareNode(): Promise<string>;
  usedUp(): void;
}

/** Two groups with real nodes, and callers of every kind. */
export class AccessWorld {
  private readonly nodes: ScriptedNode[] = [];
  private readonly limitedPeople: { person: Person; role: GroupRole }[] = [];
  private ownNodeIds: readonly string[] = [];
  private readonly known = new Map<string, Person>();
  readonly scenes = {} as Record<Place, Scene>;
  private ownGroupId = '';

  private constructor(private readonly manager: ManagerUnderTest) {}

  static async build(manager: ManagerUnderTest): Promise<AccessWorld> {
    const world = new AccessWorld(manager);
    const [own, foreign] = [await newGroup(manager, 'own'), await newGroup(manager, 'foreign')];
    world.ownGroupId = own.id;
    for (const place of PLACES) await world.addScene(place, place === 'foreign' ? foreign : own);
    return world;
  }

  private async addScene(place: Place, group: { id: string; name: string }): Promise<void> {
    const { node, nodeId } = await this.enrol(place, group.name);
    const spares = new Map<string, string>();
    const spare: Scene['spare'] = async (kind, make) => {
      const id = spares.get(kind) ?? (await make());
      spares.set(kind, id);
      return id;
    };
    const spareNode = () => spare('node', async () => (await this.enrol(place, group.name)).nodeId);
    const usedUp = (): void => {
      // It may be gone: no membership can be limited to it any more.
      this.ownNodeIds = this.ownNodeIds.filter((id) => id !== spares.get('node'));
      spares.clear();
    };
    this.scenes[place] = { manager: this.manager, group, node, nodeId, spare, spareNode, usedUp };
  }

  private async enrol(place: Place, group: string): Promise<{ node: ScriptedNode; nodeId: string }> {
    const { node, hello } = await this.manager.greet(newIdentity());
    const nodeId = await node.enrol(await this.manager.token({ group }));
    await node.authenticate(hello);
    await node.beat();
    this.nodes.push(node);
    if (place === 'own') {
      this.ownNodeIds = [...this.ownNodeIds, nodeId];
      for (const { person, role } of this.limitedPeople)
        await makeMember(this.manager, this.ownGroupId, person.username, role, this.ownNodeIds);
    }
    return { node, nodeId };
  }

  /** The same person each time. */
  async caller(kind: CallerKind): Promise<Person> {
    const known = this.known.get(kind.name) ?? (await this.freshCaller(kind));
    this.known.set(kind.name, known);
    return known;
  }

  /** For an operation that uses its caller up. */
  async freshCaller(kind: CallerKind): Promise<Person> {
    if (!kind.signedIn) return NOBODY;
    const person = await newPerson(this.manager, kind.superAdmin || kind.ownGroupOnly ? 'super_admin' : 'user');
    if (kind.role && !kind.ownGroupOnly) await this.join(person, kind.role, kind.limited ?? false);
    if (!kind.scopes) return person;
    return await withToken(this.manager, person, kind.scopes, kind.ownGroupOnly ? { group_ids: [this.ownGroupId] } : {});
  }

  private async join(person: Person, role: GroupRole, limited: boolean): Promise<void> {
    if (limited) this.limitedPeople.push({ person, role });
    await makeMember(this.manager, this.ownGroupId, person.username, role, limited ? this.ownNodeIds : null);
  }

  end(): void {
    for (const node of this.nodes) node.end();
  }
}
