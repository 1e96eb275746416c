import { createServer, type Server } from 'node:http';
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { answerRequest, type Answering } from './answer-request.ts';

/** `sun_path` of Linux holds 108 bytes with the final zero; what is longer would be cut off silently by some tools. */
const MAX_SOCKET_PATH_BYTES = 107;
/** People and their scripts, not a service: what holds more connections than this open is stuck or hostile. */
const MAX_CONNECTIONS = 16;

export interface LocalServer {
  /** Port on 127.0.0.1; null on a unix socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** On a unix socket of mode 0660. Only for the agent that holds the root: a socket that lies there is a dead one's. */
export async function serveSocket(path: string, answering: Omit<Answering, 'hosts'>): Promise<LocalServer> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) throw unavailable(path, `path is longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found && !found.isSocket()) throw unavailable(path, 'something else has its name');
  if (found) await unlink(path);
  const server = createLimited({ ...answering, hosts: null });
  await listening(server.listen(path), answering);
  await chmod(path, 0o660);
  return { port: null, close: () => closeServer(server) };
}

/** On 127.0.0.1 only; `port` 0 = any free one. */
export async function servePort(port: number, answering: Omit<Answering, 'hosts'>): Promise<LocalServer> {
  const hosts = new Set<string>();
  const server = createLimited({ ...answering, hosts: () => hosts });
  await listening(server.listen(port, '127.0.0.1'), answering);
  const { port: bound } = server.address() as AddressInfo;
  for (const host of ['127.0.0.1', 'localhost']) hosts.add(`${host}:${bound}`);
  // A client leaves the standard port out.
  if (bound === 80) for (const host of ['127.0.0.1', 'localhost']) hosts.add(host);
  return { port: bound, close: () => closeServer(server) };
}

function createLimited(answering: Answering): Server {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void answerRequest(answering, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function listening(server: Server, { onFault }: Pick<Answering, 'onFault'>): Promise<void> {
  await once(server, 'listening');
  server.on('error', onFault);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

const unavailable = (socket: string, reason: string): CodedError => new CodedError('local_api_unavailable', { socket, reason });
