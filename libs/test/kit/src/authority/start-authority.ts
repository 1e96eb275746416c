import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openAuthority, type Authority, type AuthorityOptions } from './authority.ts';
import { readIdentityToken, type WorkflowIdentity } from './workflow-identity.ts';

export interface RunningAuthority {
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  trustedRoot(): object;
  identityToken(identity: WorkflowIdentity): string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly location?: string;
}

const MAX_BODY_BYTES = 64 * 1024;
const bad = (message: string): Answer => ({ status: 400, body: { code: 400, message } });

/** Speaks HTTP on loopback as Fulcio (v2) and Rekor (v1) do, for the real Sigstore client to sign against. */
export async function startAuthority(options: AuthorityOptions & { readonly port?: number }): Promise<RunningAuthority> {
  const authority = openAuthority(options);
  const server = createServer((request, response) => void serve(authority, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    fulcioUrl: url,
    rekorUrl: url,
    trustedRoot: authority.trustedRoot,
    identityToken: authority.identityToken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(authority: Authority, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await route(authority, request).catch((error: unknown) => bad(error instanceof Error ? error.message : 'invalid'));
  response.writeHead(answer.status, { 'content-type': 'application/json', ...(answer.location && { location: answer.location }) });
  response.end(JSON.stringify(answer.body));
}

async function route(authority: Authority, request: IncomingMessage): Promise<Answer> {
  const { method, url = '' } = request;
  if (method === 'POST' && url === '/api/v2/signingCert') return signingCertificate(authority, await jsonBody(request));
  if (method === 'POST' && url === '/api/v1/log/entries') return logEntry(authority, await jsonBody(request));
  const uuid = /^\/api\/v1\/log\/entries\/([0-9a-f]{64})$/.exec(url)?.[1];
  const entry = method === 'GET' && uuid !== undefined ? authority.log.entry(uuid) : null;
  return entry !== null && uuid !== undefined
    ? { status: 200, body: { [uuid]: entry } }
    : { status: 404, body: { code: 404, message: 'not found' } };
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

interface SigningRequest {
  credentials?: { oidcIdentityToken?: string };
  publicKeyRequest?: { publicKey?: { content?: string }; proofOfPossession?: string };
}

function signingCertificate(authority: Authority, body: unknown): Answer {
  const { credentials, publicKeyRequest } = body as SigningRequest;
  const claims = readIdentityToken(credentials?.oidcIdentityToken ?? '', authority.keys.issuer, authority.now());
  if (claims === null)
    return { status: 401, body: { code: 16, message: 'the identity token is not one of this authority, or has expired' } };
  const publicKey = createPublicKey(publicKeyRequest?.publicKey?.content ?? '');
  // Without it, anybody with a token could have a certificate for somebody else's key.
  const possession = Buffer.from(publicKeyRequest?.proofOfPossession ?? '', 'base64');
  if (!verify('sha256', Buffer.from(claims.sub), publicKey, possession)) return bad('the proof of possession does not verify');
  const leaf = authority.certificates.issue(publicKey, claims);
  const { intermediate, root } = authority.certificates;
  return { status: 200, body: { signedCertificateEmbeddedSct: { chain: { certificates: [leaf, intermediate, root].map(toPem) } } } };
}

const toPem = (der: Buffer): string => new X509Certificate(der).toString();

interface ProposedEntry {
  apiVersion?: string;
  kind?: string;
  spec?: { data?: { hash?: { algorithm?: string; value?: string } }; signature?: { content?: string; publicKey?: { content?: string } } };
}

function logEntry(authority: Authority, body: unknown): Answer {
  const { apiVersion, kind, spec } = body as ProposedEntry;
  if (kind !== 'hashedrekord' || apiVersion !== '0.0.1') return bad('only hashedrekord 0.0.1 is logged here');
  const value = spec?.data?.hash?.value ?? '';
  const content = spec?.signature?.content ?? '';
  const publicKey = spec?.signature?.publicKey?.content ?? '';
  if (spec?.data?.hash?.algorithm !== 'sha256' || !/^[0-9a-f]{64}$/.test(value)) return bad('no sha256 digest');
  if (content === '') return bad('no signature');
  createPublicKey(Buffer.from(publicKey, 'base64').toString('utf8'));
  const { uuid, isNew } = authority.log.append(hashedRekordBody({ digest: value, signature: content, publicKey }), authority.now());
  const location = `/api/v1/log/entries/${uuid}`;
  if (!isNew) return { status: 409, body: { code: 409, message: 'an equivalent entry exists' }, location };
  return { status: 201, body: { [uuid]: authority.log.entry(uuid) }, location };
}

/** Canonical JSON (keys in order) of a hashedrekord 0.0.1: the leaf. `signature` and `publicKey` (PEM) are base64. */
export const hashedRekordBody = (entry: { digest: string; signature: string; publicKey: string }): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: entry.digest } },
        signature: { content: entry.signature, publicKey: { content: entry.publicKey } },
      },
    }),
  );
