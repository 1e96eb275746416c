import { join } from 'node:path';
import { isCodedError } from '@tidegate/contract-errors';
import type { UpgradeEngine } from '@tidegate/engine-upgrade';
import { AGENT_VERSION } from '../build-facts.ts';
import type { EdgeConfig } from '../config/edge-config.ts';
import type { EdgeEnvironment } from '../environment.ts';
import { uptimeSecs } from '../start/host.ts';
import { lazyVerifier } from '../start/lazy-parts.ts';
import { log, nameError } from '../start/log.ts';
import type { ManagerStanding } from '../start/manager-side.ts';
import { lazySource } from '../start/release-sources.ts';
import { readStatus } from '../start/status.ts';
import type { Answering } from './answer-request.ts';
import { attemptJson } from './attempt-json.ts';
import { latestRelease } from './latest-release.ts';
import { servePort, serveSocket, type LocalServer } from './local-server.ts';
import { openLocalToken } from './local-token.ts';
import { routesOf } from './routes.ts';

export interface LocalApiParts {
  readonly environment: EdgeEnvironment;
  readonly config: EdgeConfig;
  readonly engine: UpgradeEngine;
  readonly manager: { standing(): ManagerStanding };
}

export const socketPath = (root: string, config: Pick<EdgeConfig, 'local_api'> | null): string =>
  config?.local_api.socket ?? join(root, 'run', 'agent.sock');

/**
 * Serves the local API until it is closed. What cannot be served is logged and left out: a node whose socket cannot be made
 * must still be one that its manager, and the guard, can rely on.
 */
export async function openLocalApi(parts: LocalApiParts): Promise<{ close(): Promise<void> }> {
  const { root } = parts.environment;
  const { port } = parts.config.local_api;
  const servers: LocalServer[] = [];
  const open = async (serve: () => Promise<LocalServer>): Promise<void> => {
    const server = await serve();
    servers.push(server);
    if (server.port !== null) log('info', 'local API', { address: `http://127.0.0.1:${server.port}` });
  };
  try {
    const answering = await answeringOf(parts);
    await open(() => serveSocket(socketPath(root, parts.config), answering)).catch(logUnavailable);
    if (port !== null) await open(() => servePort(port, answering)).catch(logUnavailable);
  } catch (error) {
    logUnavailable(error);
  }
  return { close: async () => void (await Promise.all(servers.map((server) => server.close()))) };
}

const logUnavailable = (error: unknown): void =>
  log('warning', 'local API is not available', {
    code: 'local_api_unavailable',
    ...(isCodedError(error) && error.details),
    ...nameError(error),
  });

async function answeringOf({ environment, config, engine, manager }: LocalApiParts): Promise<Omit<Answering, 'hosts'>> {
  const routes = routesOf({
    engine,
    async status() {
      const running = engine.running();
      return {
        ...(await readStatus(environment)),
        manager: manager.standing(),
        policy: config.upgrade,
        attempt: running && attemptJson(running, engine.report()),
      };
    },
    latest: latestRelease({
      source: lazySource(config),
      verifier: lazyVerifier(),
      allowedChannels: config.upgrade.allowed_channels,
      running: AGENT_VERSION,
      uptimeSecs,
    }),
  });
  return { routes, token: await openLocalToken(environment.root), onFault: (error) => log('error', 'fault', nameError(error)) };
}
