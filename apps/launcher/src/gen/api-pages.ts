import { ACTIONS, EXPLANATIONS, GROUP_ROLES, ROUTES, routeOf, type Action, type ActionRule, type RouteName } from '@tidegate/contract-api';
import { page, table } from './markdown.ts';

const NAMES = Object.keys(ROUTES) as RouteName[];

export const routeTable = (): string =>
  table(
    ['operation', 'method', 'path', 'who', 'what it does'],
    NAMES.map((name) => {
      const { method, path, access, summary } = routeOf(name);
      return [`\`${name}\``, method, `\`${path}\``, access === 'public' ? 'anybody' : `\`${access}\``, summary];
    }),
  );

function whoMay({ where, least }: ActionRule): readonly string[] {
  if (where === 'self' || where === 'everybody') return [...GROUP_ROLES.map(() => 'yes'), 'yes', 'yes'];
  if (where === 'installation' || least === null) return [...GROUP_ROLES.map(() => ''), '', 'yes'];
  return [...GROUP_ROLES.map((role) => (GROUP_ROLES.indexOf(role) >= GROUP_ROLES.indexOf(least) ? 'in own group' : '')), '', 'yes'];
}

/** `docs/access.md`: who may do what. A test of the manager asks every route and compares with the same rules. */
export const accessPage = (): string =>
  page(
    'Who may do what',
    'libs/contract/api/src/access.ts',
    'A role holds in one group. `super_admin` is a role of the platform and may do everything everywhere. A foreign group’s objects are answered as if they did not exist. An API token may do what its owner may and its scopes admit; an action without scopes needs a session.',
    table(
      ['action', ...GROUP_ROLES, 'no membership', 'super_admin', 'scopes of a token'],
      (Object.keys(ACTIONS) as Action[]).map((action) => [`\`${action}\``, ...whoMay(ACTIONS[action]), ACTIONS[action].scopes.join(', ')]),
    ),
    'A membership may be limited to some nodes of its group: it then acts on those alone, and reads the group itself.',
    '## Operations',
    routeTable(),
  );

/** `docs/explain.md`: what `explainNode` can answer. */
export const explainPage = (): string =>
  page(
    'Why a node is not upgraded',
    'libs/contract/api/src/explanation.ts',
    '`GET /api/v1/nodes/:id/explain` answers with one of these codes, a sentence and the next step. The rows are tried from the top; the first that holds is the answer. Words in braces are filled in. What a node’s own policy allows is known by its last refusal only.',
    table(
      ['code', 'what holds', 'what happens next, or what to do', 'waits for'],
      Object.entries(EXPLANATIONS).map(([code, { sentence, next, waitsFor }]) => [`\`${code}\``, sentence, next, waitsFor]),
    ),
  );
