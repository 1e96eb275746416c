import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ErrorCode } from '@tidegate/contract-errors';
import type { ManagerConfig } from '../config.ts';
import { rawProblem } from './raw-problem.ts';

/** Node looks for requests that take too long every 30 s; a limit of 10 s would be one of 40. */
const LOOK_FOR_SLOW_EVERY_MS = 1000;

/** Nest makes the server itself, and passes no options on to it. */
export class HttpServerAdapter extends ExpressAdapter {
  override initHttpServer(options: Parameters<ExpressAdapter['initHttpServer']>[0]): void {
    const timing = { connectionsCheckingInterval: LOOK_FOR_SLOW_EVERY_MS };
    const { httpsOptions } = options;
    this.httpServer = httpsOptions
      ? createTlsServer({ ...httpsOptions, ...timing }, this.getInstance())
      : createServer(timing, this.getInstance());
  }
}

/** Whoever sends slowly, too much or nonsense gets a coded answer and loses the connection. Silent sockets are slow ones. */
export function limitConnections(server: Server, { limits }: ManagerConfig): void {
  server.headersTimeout = limits.header_timeout_secs * 1000;
  server.requestTimeout = limits.request_timeout_secs * 1000;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Half an answer may be on its way: another one behind it would be read as its rest.
    if (!socket.writable || error.code === 'ECONNRESET' || hasBegunToAnswer(socket)) return void socket.destroy();
    socket.end(rawProblem(codeOf(error)), () => socket.destroy());
  });
}

function codeOf({ code }: NodeJS.ErrnoException): ErrorCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'request_invalid';
}

/** As Node itself tells, in the default that this replaces. */
const hasBegunToAnswer = (socket: Duplex): boolean =>
  (socket as { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent ?? false;
