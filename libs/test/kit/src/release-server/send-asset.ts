import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { StoredAsset } from './release-store.ts';

type Range = { readonly first: number; readonly last: number } | 'whole' | 'unsatisfiable';

/** One byte range of RFC 9110 section 14; several ranges or nonsense count as no range, which the RFC allows. */
export function parseRange(header: string | undefined, sizeBytes: number): Range {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return 'whole';
  if (match[1] === '') {
    const suffix = Number(match[2]);
    return suffix === 0 || sizeBytes === 0 ? 'unsatisfiable' : { first: Math.max(0, sizeBytes - suffix), last: sizeBytes - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  if (match[2] !== '' && Number(match[2]) < first) return 'whole';
  return first >= sizeBytes ? 'unsatisfiable' : { first, last };
}

/** If-Range holds a strong ETag or an exact date; anything else asks for the whole. */
const rangeStillHolds = (ifRange: string | undefined, asset: StoredAsset): boolean =>
  ifRange === undefined || ifRange === asset.etag || ifRange === asset.modifiedAt.toUTCString();

/** Sends the asset or one range of it. Resolves when the client has it or has gone away. */
export async function sendAsset(request: IncomingMessage, response: ServerResponse, asset: StoredAsset): Promise<void> {
  response.setHeader('etag', asset.etag);
  response.setHeader('last-modified', asset.modifiedAt.toUTCString());
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-disposition', `attachment; filename=${asset.name}`);
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304).end();
    return;
  }
  const range = rangeStillHolds(request.headers['if-range']?.toString(), asset)
    ? parseRange(request.headers.range, asset.sizeBytes)
    : 'whole';
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${asset.sizeBytes}` }).end();
    return;
  }
  const { first, last } = range === 'whole' ? { first: 0, last: asset.sizeBytes - 1 } : range;
  response.setHeader('content-length', last - first + 1);
  if (range === 'whole') response.writeHead(200);
  else response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${asset.sizeBytes}` });
  if (request.method === 'HEAD' || last < first) {
    response.end();
    return;
  }
  // A client that hangs up is its own business; a file that shrinks under us ends the connection, as it must.
  await pipeline(createReadStream(asset.path, { start: first, end: last }), response).catch(() => response.destroy());
}
