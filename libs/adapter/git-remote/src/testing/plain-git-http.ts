import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { GitAnswer, GitHttp } from '../git-http.ts';

/** HTTP without any guard or redirect, for servers of a test. */
export function plainGitHttp(authorization?: string): GitHttp {
  const headersFor = (headers: OutgoingHttpHeaders): OutgoingHttpHeaders => (authorization ? { ...headers, authorization } : headers);
  return {
    get: (url, headers, signal) => ask(url, 'GET', headersFor(headers), undefined, signal),
    post: (url, headers, body, signal) => ask(url, 'POST', headersFor(headers), body, signal),
  };
}

function ask(
  url: URL,
  method: string,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, signal }, (answer) => resolve(answerOf(answer, url)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const answerOf = (answer: IncomingMessage, url: URL): GitAnswer => ({
  status: answer.statusCode ?? 0,
  url,
  header: (name) => answer.headers[name]?.toString(),
  read: async (maxBytes) => {
    const pieces: Buffer[] = [];
    let total = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) {
      total += piece.length;
      if (total > maxBytes) return null;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  },
  discard: () => void answer.destroy(),
});
