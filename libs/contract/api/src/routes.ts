/** Every route of the API, once: the manager serves them, the console calls them, the docs list them. */
export const API = {
  session: '/api/v1/session',
  nodes: '/api/v1/nodes',
  node: '/api/v1/nodes/:id',
  nodeUpgrade: '/api/v1/nodes/:id/upgrade',
  nodeUpgrades: '/api/v1/nodes/:id/upgrades',
  nodeEvents: '/api/v1/nodes/:id/events',
  upgrade: '/api/v1/upgrades/:id',
  upgradeCancel: '/api/v1/upgrades/:id/cancel',
  releases: '/api/v1/releases/:device_type',
  registrationTokens: '/api/v1/registration-tokens',
  stream: '/api/v1/stream',
  healthz: '/healthz',
  readyz: '/readyz',
} as const;
export type ApiRoute = keyof typeof API;

/** Fills `:id` and friends; every value is encoded. */
export const apiPath = (route: ApiRoute, parameters: Readonly<Record<string, string>> = {}): string =>
  API[route].replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
