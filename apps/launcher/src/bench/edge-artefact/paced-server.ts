import { createReadStream, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface PacedServer {
  readonly url: string;
  /** What a plain client downloads; the product finds the same through the description of a release. */
  readonly artefactUrl: string;
  /** When the last byte of the last download was handed to the kernel, on the clock that all processes share (ms). */
  lastByteSentAtMs(): number;
  close(): Promise<void>;
}

export const REPOSITORY = { owner: 'tidegate', repo: 'bench', version: '1.0.0' } as const;
const PIECE_BYTES = 256 * 1024;

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A release with one artefact, on the two addresses of the releases API that matter; `bytesPerSec` null: as fast as it is taken. */
export async function servePaced(file: string, bytesPerSec: number | null): Promise<PacedServer> {
  const releases = `/repos/${REPOSITORY.owner}/${REPOSITORY.repo}/releases`;
  let sentAtMs = Number.NaN;
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    if (request.url === `${releases}/tags/v${REPOSITORY.version}`) {
      response.end(JSON.stringify({ tag_name: `v${REPOSITORY.version}`, assets: [{ id: 1, name: basename(file) }] }));
    } else if (request.url === `${releases}/assets/1`) {
      void send(file, bytesPerSec, response).then(() => (sentAtMs = monotonicMs()));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    artefactUrl: `${url}${releases}/assets/1`,
    lastByteSentAtMs: () => sentAtMs,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Resolves when the kernel has taken the last byte. A slow reader is not made up for: no burst follows a stall. */
async function send(file: string, bytesPerSec: number | null, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size });
  let dueMs = monotonicMs();
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>) {
    if (bytesPerSec !== null) {
      const nowMs = monotonicMs();
      if (dueMs > nowMs) await wait(dueMs - nowMs);
      // Timers are late by up to a millisecond each; that much is caught up with, or the rate would not be reached.
      dueMs = Math.max(dueMs, nowMs - 10) + (piece.length / bytesPerSec) * 1000;
    }
    if (response.destroyed) return;
    await new Promise<void>((resolve) => response.write(piece, () => resolve()));
  }
  await new Promise<void>((resolve) => response.end(resolve));
}
