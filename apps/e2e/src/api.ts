import {
  apiPath,
  eventPage,
  nodeExplanation,
  nodePage,
  nodeView,
  registrationTokenView,
  sessionView,
  upgradePage,
  upgradeView,
  type EventView,
  type NodeExplanation,
  type NodeView,
  type UpgradeView,
} from '@tidegate/contract-api';
import { eventually } from './eventually.ts';

/** A manager that is up, and its administrator's password. */
export interface Served {
  readonly url: string;
  readonly password: string;
}

/** The few calls of the API that these tests need, signed in as the administrator. */
export class Api {
  readonly #system: Served;
  readonly #cookie: string;
  readonly #csrfToken: string;

  private constructor(system: Served, cookie: string, csrfToken: string) {
    this.#system = system;
    this.#cookie = cookie;
    this.#csrfToken = csrfToken;
  }

  static async signIn(system: Served): Promise<Api> {
    const response = await fetch(`${system.url}${apiPath('readSession')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: system.url },
      body: JSON.stringify({ username: 'admin', password: system.password }),
    });
    const { csrf_token: csrfToken } = sessionView.parse(await response.json());
    return new Api(
      system,
      response.headers
        .getSetCookie()
        .map((line) => line.split(';', 1)[0])
        .join('; '),
      csrfToken,
    );
  }

  async nodes(): Promise<NodeView[]> {
    return nodePage.parse(await this.#call('GET', `${apiPath('listNodes')}?limit=500`)).items;
  }

  async node(name: string): Promise<NodeView> {
    const found = (await this.nodes()).find((node) => node.name === name);
    if (!found) throw new Error(`the manager does not know ${name}`);
    return found;
  }

  async upgrade(name: string, version: string): Promise<UpgradeView> {
    const { id } = await this.node(name);
    return upgradeView.parse(await this.#call('POST', apiPath('requestUpgrade', { id }), { version }));
  }

  /** Also for a node that is between two connections. */
  async upgradeById(id: string, version: string): Promise<UpgradeView> {
    return upgradeView.parse(await this.#call('POST', apiPath('requestUpgrade', { id }), { version, queue: true }));
  }

  async goBack(id: string): Promise<UpgradeView> {
    return upgradeView.parse(await this.#call('POST', apiPath('returnNode', { id }), {}));
  }

  async rotateKey(id: string): Promise<NodeView> {
    return nodeView.parse(await this.#call('POST', apiPath('rotateNodeKey', { id })));
  }

  async explain(id: string): Promise<NodeExplanation> {
    return nodeExplanation.parse(await this.#call('GET', apiPath('explainNode', { id })));
  }

  async upgradesOf(id: string): Promise<UpgradeView[]> {
    return upgradePage.parse(await this.#call('GET', apiPath('listNodeUpgrades', { id }))).items;
  }

  async eventsOf(id: string): Promise<EventView[]> {
    return eventPage.parse(await this.#call('GET', `${apiPath('listNodeEvents', { id })}?limit=100`)).items;
  }

  async registrationToken(deviceType: string): Promise<string> {
    return registrationTokenView.parse(await this.#call('POST', apiPath('createRegistrationToken'), { device_type: deviceType })).token;
  }

  /** Waits for a node that is as wanted. A manager that is just restarting answers nothing, which is waited out too. */
  async nodeThat(name: string, what: string, isWanted: (node: NodeView) => boolean, timeoutMs = 60_000): Promise<NodeView> {
    return await eventually(`${name} to be ${what}`, timeoutMs, async () => {
      const node = await this.node(name).catch(() => undefined);
      return node && isWanted(node) ? node : undefined;
    });
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#system.url}${path}`, {
      method,
      headers: {
        cookie: this.#cookie,
        origin: this.#system.url,
        'x-csrf-token': this.#csrfToken,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
