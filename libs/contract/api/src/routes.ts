import type { Route } from './route.ts';
import { accountRoutes } from './routes/account-routes.ts';
import { discoveryRoutes } from './routes/discovery-routes.ts';
import { auditRoutes } from './routes/audit-routes.ts';
import { eventRoutes } from './routes/event-routes.ts';
import { groupRoutes } from './routes/group-routes.ts';
import { nodeRoutes } from './routes/node-routes.ts';
import { platformRoutes } from './routes/platform-routes.ts';
import { releaseRoutes } from './routes/release-routes.ts';
import { rolloutRoutes } from './routes/rollout-routes.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import { upgradeRoutes } from './routes/upgrade-routes.ts';
import { userRoutes } from './routes/user-routes.ts';

/** Every operation of the API, once: the manager serves exactly these, and the docs list them. */
export const ROUTES = {
  ...sessionRoutes,
  ...accountRoutes,
  ...userRoutes,
  ...groupRoutes,
  ...nodeRoutes,
  ...upgradeRoutes,
  ...rolloutRoutes,
  ...eventRoutes,
  ...auditRoutes,
  ...releaseRoutes,
  ...discoveryRoutes,
  ...platformRoutes,
} as const;
export type RouteName = keyof typeof ROUTES;

export const routeOf = (name: RouteName): Route => ROUTES[name];

/** Fills `:id` and friends; every value is encoded. */
export const apiPath = (name: RouteName, parameters: Readonly<Record<string, string>> = {}): string =>
  ROUTES[name].path.replace(/:([a-z_]+)/g, (_, parameter: string) => encodeURIComponent(parameters[parameter] ?? ''));
