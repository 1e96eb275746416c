import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { RequestHandler } from 'express';
import { collectDefaultMetrics } from 'prom-client';
import { carriesTokenOf, CONFIG, LOG, Metrics, SOFTWARE_VERSION, type Log, type ManagerConfig } from '../platform/index.ts';
import { InstallationGauges } from './installation-gauges.ts';

const PATH = '/metrics';
const TIMEOUT_MS = 10_000;

/** Hands the metrics out: on an address of their own, or beside the API to whoever has the token, or to nobody. */
@Injectable()
export class Exposition implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private server: Server | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly gauges: InstallationGauges,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    const { listen, token_file: tokenFile } = config.metrics;
    // They watch the garbage collector and the loop, which nobody should pay for who does not look.
    if (listen ?? tokenFile) collectDefaultMetrics({ register: metrics.ofReplica });
    metrics.gauge('tidegate_build_info').set({ version: SOFTWARE_VERSION }, 1);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { listen } = this.config.metrics;
    if (!listen) return;
    const server = createServer((request, response) => void this.serve(request, response));
    server.headersTimeout = server.requestTimeout = TIMEOUT_MS;
    this.server = server.listen(listen.port, listen.host);
    await once(server, 'listening');
    this.log.info({ port: this.port }, 'metrics are served');
  }

  /** Of the own address; 0 without one. */
  get port(): number {
    return (this.server?.address() as AddressInfo | null | undefined)?.port ?? 0;
  }

  /** Beside the API. Which name it is asked by does not matter: a page of another site has no token. */
  get besideApi(): RequestHandler {
    return async (request, response, next) => {
      const { token_file: tokenFile } = this.config.metrics;
      if (request.path !== PATH || request.method !== 'GET' || tokenFile === undefined) return next();
      if (!(await carriesTokenOf(tokenFile, request.get('authorization')))) throw new CodedError('metrics_token_invalid');
      await this.answer(response);
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { token_file: tokenFile } = this.config.metrics;
    const refuse = (status: number): void => void response.writeHead(status).end();
    if (request.url !== PATH || request.method !== 'GET') return refuse(404);
    if (tokenFile !== undefined && !(await carriesTokenOf(tokenFile, request.headers.authorization))) return refuse(401);
    await this.answer(response).catch((error: unknown) => {
      this.log.error({ err: error }, 'metrics not answered');
      if (!response.headersSent) refuse(500);
    });
  }

  private async answer(response: ServerResponse): Promise<void> {
    const { ofReplica, ofInstallation } = this.metrics;
    const shown = (await this.gauges.refresh()) ? [ofReplica, ofInstallation] : [ofReplica];
    const texts = await Promise.all(shown.map((registry) => registry.metrics()));
    response.writeHead(200, { 'Content-Type': ofReplica.contentType, 'Cache-Control': 'no-store' }).end(texts.join('\n'));
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.server) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
