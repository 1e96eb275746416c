import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiRoutes } from './api-routes.ts';
import { ReleaseStore, type PublishTarget, type StoredAsset, type StoredRelease } from './release-store.ts';
import { sendAsset } from './send-asset.ts';

export interface ReleaseServerOptions {
  /** Holds `<owner>/<repo>/<tag>/{release.json, assets…}`; read live. */
  readonly dataDir: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly downloadPort?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Makes every repository private. */
  readonly token?: string;
  /** Default 5000, GitHub's limit for an authenticated caller. */
  readonly requestsPerHour?: number;
  /** What stands in front of the download host, when something does. */
  readonly publicDownloadUrl?: string;
  /** Wall clock in milliseconds, for the rate limit and the life of download links. */
  readonly now?: () => number;
}

export interface ReleaseServer {
  /** Base of the REST API, without a trailing slash. */
  readonly url: string;
  /** Another origin, as GitHub's assets live on another host. */
  readonly downloadUrl: string;
  readonly port: number;
  readonly downloadPort: number;
  /** Adds one release from a folder of assets; owner, repository and tag come from its manifest.json unless given. */
  publish(folderOfOneRelease: string, target?: PublishTarget): Promise<{ owner: string; repo: string; tag: string }>;
  close(): Promise<void>;
}

const LINK_LIFE_MS = 5 * 60_000;

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const safely =
  (handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => (response.headersSent ? response.destroy() : response.writeHead(500).end()));
  };

/**
 * A release source that answers as GitHub Releases does: REST listing with pages and ETags, one release by tag, assets
 * through a redirect to another origin with ranges. No faults here: those are in faulty-connection.ts.
 */
export async function startReleaseServer(options: ReleaseServerOptions): Promise<ReleaseServer> {
  const host = options.host ?? '127.0.0.1';
  const now = options.now ?? Date.now;
  const store = new ReleaseStore(options.dataDir);
  const linkKey = randomBytes(32);
  const seal = (path: string, expires: string): string => createHmac('sha256', linkKey).update(`${path}\n${expires}`).digest('hex');
  const origin = (port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

  const downloads = createServer(
    safely(async (request, response) => {
      const url = new URL(request.url ?? '/', 'http://downloads.invalid');
      const expires = url.searchParams.get('expires') ?? '';
      const [, owner = '', repo = '', tag = '', name] = url.pathname.split('/');
      // The real download host answers 400 to a request that carries both a signed link and an Authorization header.
      if (request.headers.authorization !== undefined) return void response.writeHead(400).end();
      if (url.searchParams.get('sig') !== seal(url.pathname, expires) || Number(expires) < now()) return void response.writeHead(403).end();
      const asset = (await store.release(owner, repo, tag))?.assets.find((candidate) => candidate.name === name);
      return asset ? sendAsset(request, response, asset) : void response.writeHead(404).end();
    }),
  );
  const downloadPort = await listen(downloads, options.downloadPort ?? 0, host);
  const downloadUrl = options.publicDownloadUrl ?? origin(downloadPort);

  let apiUrl = '';
  const api = createServer(
    safely(
      apiRoutes({
        store,
        token: options.token,
        requestsPerHour: options.requestsPerHour ?? 5000,
        now,
        apiUrl: () => apiUrl,
        downloadUrl: (release: StoredRelease, asset: StoredAsset) => {
          const path = `/${release.owner}/${release.repo}/${release.tag}/${asset.name}`;
          const expires = String(now() + LINK_LIFE_MS);
          return `${downloadUrl}${path}?expires=${expires}&sig=${seal(path, expires)}`;
        },
      }),
    ),
  );
  const port = await listen(api, options.port ?? 0, host).catch(async (error: unknown) => {
    await close(downloads);
    throw error;
  });
  apiUrl = origin(port);
  return {
    url: apiUrl,
    downloadUrl,
    port,
    downloadPort,
    publish: (folder, target) => store.publish(folder, target),
    close: async () => {
      await Promise.all([close(api), close(downloads)]);
    },
  };
}
