import {
  apiPath,
  eventPage,
  nodePage,
  problem,
  registrationTokenView,
  releaseList,
  sessionView,
  upgradeView,
  type RouteName,
  type EventView,
  type NodeView,
  type Problem,
  type RegistrationTokenView,
  type ReleaseList,
  type RequestUpgrade,
  type UpgradeView,
} from '@tidegate/contract-api';

/** What a person does in the console, done by a program: the same routes, session cookie and CSRF token. */
export interface ApiClient {
  nodes(): Promise<NodeView[]>;
  releases(deviceType: string): Promise<ReleaseList>;
  requestUpgrade(nodeId: string, request: RequestUpgrade): Promise<UpgradeView>;
  upgrade(id: string): Promise<UpgradeView>;
  events(nodeId: string): Promise<EventView[]>;
  createRegistrationToken(deviceType: string): Promise<RegistrationTokenView>;
}

/** An answer of the API that is a coded refusal; branch on `problem.code`. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly problem: Problem;
  constructor(refused: Problem) {
    super(`${refused.code}: ${refused.title}`);
    this.problem = refused;
  }
}

interface Parser<T> {
  parse(value: unknown): T;
}

interface Session {
  readonly baseUrl: string;
  readonly cookie: string;
  readonly csrfToken: string;
}

const REQUEST_TIMEOUT_MS = 15_000;

export async function signIn(baseUrl: string, username: string, password: string): Promise<ApiClient> {
  const response = await fetch(new URL(apiPath('readSession'), baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(baseUrl).origin },
    body: JSON.stringify({ username, password }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const { csrf_token: csrfToken } = await answer(response, sessionView);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  return client({ baseUrl, cookie, csrfToken });
}

function client(session: Session): ApiClient {
  const get = <T>(path: string, parser: Parser<T>) => call(session, 'GET', path, undefined, parser);
  const post = <T>(path: string, body: unknown, parser: Parser<T>) => call(session, 'POST', path, body, parser);
  const at = (route: RouteName, id: string) => apiPath(route, { id });
  return {
    nodes: async () => (await get(`${apiPath('listNodes')}?limit=500`, nodePage)).items,
    releases: (deviceType) => get(apiPath('listReleases', { device_type: deviceType }), releaseList),
    requestUpgrade: (nodeId, request) => post(at('requestUpgrade', nodeId), request, upgradeView),
    upgrade: (id) => get(at('readUpgrade', id), upgradeView),
    events: async (nodeId) => (await get(`${at('listNodeEvents', nodeId)}?limit=200`, eventPage)).items,
    createRegistrationToken: (deviceType) => post(apiPath('createRegistrationToken'), { device_type: deviceType }, registrationTokenView),
  };
}

async function call<T>(session: Session, method: string, path: string, body: unknown, parser: Parser<T>): Promise<T> {
  const response = await fetch(new URL(path, session.baseUrl), {
    method,
    headers: {
      cookie: session.cookie,
      origin: new URL(session.baseUrl).origin,
      'x-csrf-token': session.csrfToken,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  return answer(response, parser);
}

async function answer<T>(response: Response, parser: Parser<T>): Promise<T> {
  const body: unknown = await response.json();
  if (response.ok) return parser.parse(body);
  const refused = problem.safeParse(body);
  if (refused.success) throw new ApiRefusal(refused.data);
  throw new Error(`the manager answered ${response.status} without a problem document`);
}
