import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Bytes that are sent whole, or a free hand over the answer. */
export type Served = Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Offer {
  /** In place of GitHub's description of the release. */
  readonly description?: Served;
  readonly manifest: Served;
  readonly bundle: Served;
  readonly artefact: Served;
  /** Asset name the description gives the artefact. */
  readonly artefactName: string;
}

export interface RogueSource {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** From now on this is what lies under the tag of `version`, whatever it really is. */
  offer(version: string, offer: Offer): void;
  /** What it lists as its newest releases; before, it cannot list. */
  list(versions: readonly string[]): void;
  close(): Promise<void>;
}

export const REPOSITORY = { owner: 'tidegate', repo: 'tidegate-edge' } as const;
const BASE = `/repos/${REPOSITORY.owner}/${REPOSITORY.repo}/releases`;
const PARTS = ['manifest', 'bundle', 'artefact'] as const;

/** A release source, or a mirror, that serves what an attacker wants: it knows the paths a node asks for, and no honesty. */
export async function startRogueSource(): Promise<RogueSource> {
  const offers = new Map<string, Offer>();
  const requests: string[] = [];
  let listing: Served | undefined;
  const find = (path: string): Served | undefined => {
    if (path.startsWith(`${BASE}?`)) return listing;
    const tag = path.startsWith(`${BASE}/tags/v`) ? path.slice(`${BASE}/tags/v`.length) : null;
    if (tag !== null) return descriptionOf(tag, [...offers.keys()].indexOf(tag), offers.get(tag));
    const id = Number(path.slice(`${BASE}/assets/`.length)) - 1;
    const part = PARTS[id % PARTS.length];
    return part && [...offers.values()][Math.floor(id / PARTS.length)]?.[part];
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const served = find(path);
    if (served === undefined) response.writeHead(404).end();
    else if (typeof served === 'function') served(request, response);
    else response.writeHead(200, { 'content-length': served.length }).end(served);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    offer: (version, offer) => void offers.set(version, offer),
    list: (versions) => void (listing = Buffer.from(JSON.stringify(versions.map((version) => ({ tag_name: `v${version}` }))))),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function descriptionOf(version: string, index: number, offer: Offer | undefined): Served | undefined {
  if (!offer || offer.description) return offer?.description;
  const names = ['manifest.json', 'manifest.sig.bundle', offer.artefactName];
  const assets = names.map((name, part) => ({ id: index * PARTS.length + part + 1, name }));
  return Buffer.from(JSON.stringify({ tag_name: `v${version}`, assets }));
}

/** Sends `first` and then noise for as long as the other side takes it; `sent` counts all bytes. */
export function endless(first: Uint8Array = new Uint8Array()): { readonly served: Served; readonly sent: () => number } {
  let sent = 0;
  const noise = Buffer.alloc(64 * 1024, 'x');
  const served: Served = (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed) {
        sent += noise.length;
        if (!response.write(noise)) return void response.once('drain', more);
      }
    };
    sent += first.length;
    response.write(first, more);
  };
  return { served, sent: () => sent };
}

/** Sends one byte each 300 ms, for ever: never silent, never done. */
export const trickle: Served = (_request, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 300);
  response.once('close', () => clearInterval(timer));
};

export const redirectTo =
  (location: string): Served =>
  (_request, response) =>
    void response.writeHead(302, { location, 'content-length': 0 }).end();
