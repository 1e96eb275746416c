/**
 * docs/access.md, asked of the running manager: every operation, by every kind of caller, for objects of their own group,
 * beside their limits and of a foreign group.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACTIONS, apiPath, GROUP_ROLES, routeOf, ROUTES, type ActionRule, type RouteName } from '@tidegate/contract-api';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { AccessWorld, CALLERS, PLACES, type CallerKind, type Place } from './testing/access-world.ts';
import { ManagerUnderTest, type Answer } from './testing/manager-under-test.ts';
import { askAs } from './testing/people.ts';
import { Publisher } from './testing/publisher.ts';
import { ROUTE_OBJECTS, type RouteObjects } from './testing/route-objects.ts';

/** `unknown`: 401. `hidden`: as if the object did not exist. `malformed` and `fault` are mistakes of the test or the manager. */
type Verdict = 'allowed' | 'unknown' | 'forbidden' | 'hidden' | 'malformed' | 'fault';

let database: TestDatabase;
let publisher: Publisher;
let manager: ManagerUnderTest;
let world: AccessWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  publisher = await Publisher.open();
  // What is asked for exists, so that it is not refused for another reason.
  for (const version of ['1.1.0', '9.9.9']) await publisher.publish(version);
  manager = await ManagerUnderTest.start({ database_url: database.url, release_sources: [publisher.source()] });
  await manager.signIn();
  world = await AccessWorld.build(manager);
});
afterAll(async () => {
  world.end();
  await manager.dispose();
  await publisher.close();
  await database.stop();
});

const rank = (role: CallerKind['role']): number => (role ? GROUP_ROLES.indexOf(role) : -1);

/** The rule as docs/access.md tells it, written down a second time: the manager's own predicate is what is being tested. */
function expected(kind: CallerKind, access: RouteName, place: Place, { target, named, alsoGroup }: RouteObjects): Verdict {
  const action = routeOf(access).access;
  if (action === 'public') return 'allowed';
  if (!kind.signedIn) return 'unknown';
  const rule: ActionRule = ACTIONS[action];
  if (kind.scopes && !kind.scopes.some((scope) => rule.scopes.includes(scope))) return 'forbidden';
  if (kind.superAdmin || rule.where === 'self' || rule.where === 'everybody') return 'allowed';
  if (rule.where === 'installation' || rank(kind.role) < GROUP_ROLES.indexOf(rule.least ?? 'admin')) return 'forbidden';
  if (target === 'none') return 'allowed';
  if (place === 'foreign') return named ? 'forbidden' : 'hidden';
  if (!kind.limited) return 'allowed';
  if (target === 'group') return rule.least === 'viewer' ? 'allowed' : 'forbidden';
  if (place === 'own') return alsoGroup ? 'forbidden' : 'allowed';
  return 'hidden';
}

/** Told by codes: a release source that is missing is a 404 too, and hides nothing. */
function verdictOf({ status, body }: Answer): Verdict {
  const code = String((body as { code?: unknown } | null)?.code ?? '');
  if (status === 401) return 'unknown';
  if (code === 'forbidden') return 'forbidden';
  if (status === 400 || code === 'route_not_found' || code === 'csrf_invalid' || code === 'revision_required') return 'malformed';
  if (status >= 500 && code !== 'source_unavailable') return 'fault';
  return /^(node|upgrade|group|user|member|token|api_token|session|event|registration_token|rollout)_(not_found|unknown)$/.test(code)
    ? 'hidden'
    : 'allowed';
}

async function ask(name: RouteName, kind: CallerKind, place: Place): Promise<Answer> {
  const objects: RouteObjects = ROUTE_OBJECTS[name];
  const caller = await (objects.usesUpCaller ? world.freshCaller(kind) : world.caller(kind));
  const { params = {}, query = '', body, headers = {} } = (await objects.ask?.(world.scenes[place], caller)) ?? {};
  return await askAs(manager, caller, routeOf(name).method, apiPath(name, params) + query, body, headers);
}

describe('who may do what', () => {
  it('is asked of every operation', () => {
    expect(Object.keys(ROUTE_OBJECTS).toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  it.each(Object.keys(ROUTES) as RouteName[])('%s', async (name) => {
    const objects: RouteObjects = ROUTE_OBJECTS[name];
    const places = PLACES.filter(
      (place) => place === 'own' || objects.target === 'node' || (place === 'foreign' && objects.target === 'group'),
    );
    const differences: string[] = [];
    for (const kind of CALLERS) {
      for (const place of places) {
        const answer = await ask(name, kind, place);
        const [is, should] = [verdictOf(answer), expected(kind, name, place, objects)];
        if (is === 'allowed') world.scenes[place].usedUp();
        if (is !== should) differences.push(`${kind.name}, ${place}: ${is} instead of ${should} (${answer.status} ${answer.body?.code})`);
      }
    }
    expect(differences).toEqual([]);
  });
});
