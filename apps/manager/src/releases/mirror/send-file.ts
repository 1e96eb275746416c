import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import type { MirrorFile } from '../persistence/mirror-records.ts';
import { byteRange } from './byte-range.ts';
import type { MirroredBytes } from './mirror.ts';

/** Until then a failure still gets an answer of its own; a node gives up on an answer without a head after 30 s. */
const HEAD_WAIT_MS = 10_000;
/** A reader that takes nothing for so long is not coming back. */
const STALLED_MS = 60_000;

/** Sends the file or one range of it. The name of the bytes is their digest, so an ETag never lies. */
export async function sendFile(file: MirrorFile, open: () => Promise<MirroredBytes>, request: Request, response: Response): Promise<void> {
  const etag = `"${file.sha256}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  // Nobody's page may make these bytes its own, whatever they look like.
  response.setHeader('Content-Disposition', 'attachment');
  if (request.get('if-none-match') === etag) return void response.status(304).end();
  const range = byteRange(request.get('range'), request.get('if-range'), etag, file.size);
  if (range === 'unsatisfiable') return void response.status(416).setHeader('Content-Range', `bytes */${file.size}`).end();
  const { first, last } = range === 'whole' ? { first: 0, last: file.size - 1 } : range;
  const head = (): void => {
    response.setHeader('Content-Length', last - first + 1);
    if (range !== 'whole') response.status(206).setHeader('Content-Range', `bytes ${first}-${last}/${file.size}`);
  };
  if (request.method === 'HEAD') {
    head();
    return void response.end();
  }
  const bytes = await open();
  try {
    await withinHeadWait(bytes.ready(first));
    head();
    response.setTimeout(STALLED_MS, () => response.destroy());
    // After the head a failure can only be told by ending early, which whoever counts bytes notices.
    await pipeline(Readable.from(bytes.read(first, last), { objectMode: false }), response).catch(() => response.destroy());
  } finally {
    await bytes.close();
  }
}

async function withinHeadWait(ready: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((settle) => (timer = setTimeout(settle, HEAD_WAIT_MS)));
  try {
    await Promise.race([ready, waited]);
  } finally {
    clearTimeout(timer);
  }
}
