import type { IncomingMessage } from 'node:http';
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';

/** The largest documented body is a tenth of it. */
export const MAX_BODY_BYTES = 4096;

/** The parsed body, `{}` where there is none. Refuses with request_too_large, media_type_unsupported, request_invalid. */
export async function readBody(request: IncomingMessage): Promise<Verdict<unknown>> {
  const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': type = '' } = request.headers;
  if ((length === undefined || length === '0') && encoding === undefined) return accept({});
  if (Number(length ?? 0) > MAX_BODY_BYTES) return tooLarge();
  if (!/^application\/json(;|$)/i.test(type)) return refuse('media_type_unsupported');
  const bytes = await readCapped(request);
  if (bytes === null) return tooLarge();
  try {
    return accept(JSON.parse(bytes.toString('utf8')) as unknown);
  } catch {
    return refuse('request_invalid', { field: '', rule: 'is no JSON' });
  }
}

/** null when there is more. Not by iteration: leaving a loop early destroys the socket, and the refusal with it. */
function readCapped(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= MAX_BODY_BYTES) return void pieces.push(piece);
      request.pause();
      resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(pieces)));
    request.on('error', reject);
  });
}

const tooLarge = () => refuse('request_too_large', { max_bytes: MAX_BODY_BYTES });
