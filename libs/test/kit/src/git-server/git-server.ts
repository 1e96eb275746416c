import { execFile, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface GitServerOptions {
  /** Bare repositories lie in it, one folder each. */
  readonly root: string;
  /** Versions 0 and 1 only: an old server, or one with protocol.version forced. */
  readonly oldProtocol?: boolean;
  /** `user:password`; others are answered 401. */
  readonly credentials?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
}

export interface GitServer {
  readonly url: string;
  /** `METHOD path?query`, as they came. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** The real `git http-backend` behind the smallest CGI that serves it, on loopback. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const requests: string[] = [];
  const backend = join((await promisify(execFile)('git', ['--exec-path'])).stdout.trim(), 'git-http-backend');
  const expected = options.credentials === undefined ? undefined : `Basic ${Buffer.from(options.credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    runCgi(backend, environmentOf(request, options), request, response);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function environmentOf(request: IncomingMessage, { root, oldProtocol }: GitServerOptions): Record<string, string> {
  const url = new URL(request.url ?? '/', 'http://git.invalid');
  const protocol = request.headers['git-protocol'];
  return {
    PATH: process.env['PATH'] ?? '',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    // Repositories of a test may belong to another user than the one who runs it.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    ...(typeof protocol === 'string' && !oldProtocol && { GIT_PROTOCOL: protocol }),
  };
}

function runCgi(program: string, env: Record<string, string>, request: IncomingMessage, response: ServerResponse): void {
  const child = spawn(program, [], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined);
  child.on('error', () => response.destroy());
  request.pipe(child.stdin);
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stdout.on('end', () => {
    const answer = Buffer.concat(pieces);
    const at = answer.indexOf('\r\n\r\n');
    for (const line of answer.toString('latin1', 0, Math.max(0, at)).split('\r\n')) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      if (name === 'status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(answer.subarray(at + 4));
  });
}
