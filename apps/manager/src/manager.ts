import 'reflect-metadata';
import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ErrorCode } from '@tidegate/contract-errors';
import { AppModule } from './app.module.ts';
import { Credentials, signInGate } from './auth/index.ts';
import { nestLogger } from './nest-logger.ts';
import { Exposition } from './metrics/index.ts';
import { NodeGateway, NodeWsAdapter } from './nodes/index.ts';
import {
  Certificate,
  consoleFiles,
  Database,
  DatabaseLife,
  Drain,
  HttpServerAdapter,
  limitConnections,
  isOwnOrigin,
  oneAtATime,
  originCheck,
  ProblemFilter,
  Replicas,
  RequestFigures,
  requestContext,
  securityHeaders,
  trustOf,
  type PlatformParts,
} from './platform/index.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** How soon a renewed certificate is shown without anybody's SIGHUP. */
const LOOK_AT_CERTIFICATE_EVERY_MS = 5000;

export interface RunningManager {
  readonly address: AddressInfo;
  /** One of its services, for a program around it that is no HTTP client: a bench, a test. */
  service<T>(type: Type<T>): T;
  /** Looks at the certificate's files now. */
  reload(): Promise<void>;
  /** Sockets are told to come back (1012), what runs is finished, the database is stopped. Idempotent. */
  stop(): Promise<void>;
}

/** The composition root. Listens at once; is ready when the database is. */
export async function startManager(parts: PlatformParts): Promise<RunningManager> {
  const { config } = parts;
  const certificate = config.tls ? await Certificate.open(config.tls, parts.log) : null;
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(parts), new HttpServerAdapter(), {
    logger: nestLogger(parts.log),
    bodyParser: false,
    abortOnError: false,
    ...(certificate && { httpsOptions: certificate.options }),
  });
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  const trust = trustOf(config.trust_proxy);
  app.set('trust proxy', trust);
  app.use(
    requestContext(parts.log, trust, app.get(RequestFigures)),
    signInGate(app.get(Credentials, { strict: false })),
    securityHeaders(config),
    app.get(Exposition, { strict: false }).besideApi,
    originCheck(config),
  );
  if (config.console_dir) app.use(consoleFiles(config.console_dir));
  app.useBodyParser('json', { limit: MAX_BODY_BYTES, strict: true });
  app.useGlobalFilters(app.get(ProblemFilter));
  const server = app.getHttpServer();
  limitConnections(server, config);
  app.useWebSocketAdapter(new NodeWsAdapter(server, refusalOfSockets(app, parts)));
  await app.listen(config.listen.port, config.listen.host);
  const address = server.address() as AddressInfo;
  parts.log.info({ host: address.address, port: address.port }, 'listening');
  app.get(Replicas).address = `${address.address}:${address.port}`;
  app.get(DatabaseLife).start();
  certificate?.showAt(server as unknown as HttpsServer);
  const reload = async (): Promise<void> => await certificate?.reload();
  if (certificate) parts.clock.every(LOOK_AT_CERTIFICATE_EVERY_MS, oneAtATime(reload));
  let stopped: Promise<void> | undefined;
  const service = <T>(type: Type<T>): T => app.get(type, { strict: false });
  return { address, service, reload, stop: () => (stopped ??= stop(app, server)) };
}

/** A node's socket carries no Origin; a page's does, and only our own may try. No database, no handshake: come back later. */
function refusalOfSockets(app: NestExpressApplication, { config }: PlatformParts): (request: IncomingMessage) => ErrorCode | null {
  // Once, and not for each of ten thousand: Nest's look-up goes through a proxy.
  const [drain, database, gateway] = [app.get(Drain), app.get(Database), app.get(NodeGateway, { strict: false })];
  return (request) => {
    if (!isOwnOrigin(config, request.headers.origin, request.headers.host)) return 'origin_not_allowed';
    if (drain.active) return 'manager_unavailable';
    if (!database.ready) return 'database_unavailable';
    return gateway.admits(request) ? null : 'manager_unavailable';
  };
}

async function stop(app: NestExpressApplication, server: Server): Promise<void> {
  app.get(Drain).active = true;
  server.closeIdleConnections();
  await app.close();
}
