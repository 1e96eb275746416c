import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderSettings } from './oidc-provider-process.ts';

export const CLIENT_ID = 'tidegate';
export const CLIENT_SECRET = 'a secret of this test: it / has % + signs';
const KID = 'right';

/** What the provider answered, before it reaches the manager. */
export interface Passing {
  status: number;
  headers: Record<string, string>;
  body: string;
}
/** @returns what to send instead. */
export type Tamper = (path: string, answer: Passing) => Passing;
type Json = Record<string, unknown>;

export async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** A real provider, and between it and everybody else a wire that a test can tap, cut or forge on. */
export class OidcWorld {
  private readonly rightKey = newKey();
  private readonly wrongKey = newKey();
  private readonly accounts: Record<string, object> = {};
  private readonly seen: string[] = [];
  /** `hangs`: nothing is ever answered. */
  line: 'open' | 'cut' | 'hangs' = 'open';
  tamper: Tamper | null = null;

  private constructor(
    readonly folder: string,
    readonly issuer: string,
    private readonly providerPort: number,
    /** Where the manager is. */
    readonly origin: string,
    private readonly wire: Server,
    private process: ChildProcess | null = null,
  ) {}

  static async start(): Promise<OidcWorld> {
    const [wirePort, providerPort, managerPort] = [await freePort(), await freePort(), await freePort()];
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-oidc-'));
    const wire = createServer();
    const world = new OidcWorld(folder, `http://127.0.0.1:${wirePort}`, providerPort, `http://127.0.0.1:${managerPort}`, wire);
    wire.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) =>
      world.pass(incoming, outgoing).catch(() => incoming.socket.destroy()),
    );
    wire.listen(wirePort, '127.0.0.1');
    await once(wire, 'listening');
    await world.startProvider();
    return world;
  }

  private async startProvider(): Promise<void> {
    const client = {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [`${this.origin}/api/v1/session/oidc/callback`],
      post_logout_redirect_uris: [`${this.origin}/sign-in`],
    };
    const settings: ProviderSettings = {
      issuer: this.issuer,
      port: this.providerPort,
      clients: [client],
      signingKey: { ...this.rightKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' },
      accountsFile: join(this.folder, 'accounts.json'),
    };
    await writeFile(settings.accountsFile, '{}');
    await writeFile(join(this.folder, 'client-secret'), `${CLIENT_SECRET}\n`, { mode: 0o600 });
    await writeFile(join(this.folder, 'settings.json'), JSON.stringify(settings));
    this.process = spawn(process.execPath, [join(import.meta.dirname, 'oidc-provider-process.ts'), join(this.folder, 'settings.json')], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const { stdout } = this.process;
    if (!stdout) throw new Error('the provider has no voice');
    let said = '';
    // Read to its end: of a closed pipe it would die.
    stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('listening')) stdout.emit('listening');
    });
    await Promise.race([once(stdout, 'listening'), once(this.process, 'exit')]);
    if (!said.includes('listening')) throw new Error('the provider did not start');
  }

  /** Of the manager's configuration. */
  config(change: object = {}): object {
    const { port } = new URL(this.origin);
    return {
      listen: { port: Number(port) },
      public_origin: this.origin,
      oidc: {
        issuer: this.issuer,
        client_id: CLIENT_ID,
        client_secret_file: join(this.folder, 'client-secret'),
        name: 'Harbour ID',
        timeout_secs: 1,
        allow_loopback_http: true,
        ...change,
      },
    };
  }

  /** Somebody whom the provider knows; anew with other claims. */
  async knows(login: string, claims: object = {}): Promise<void> {
    this.accounts[login] = claims;
    await writeFile(join(this.folder, 'accounts.json'), JSON.stringify(this.accounts));
  }

  /** Paths that were asked for since the last look. */
  asked(): string[] {
    return this.seen.splice(0);
  }

  /** Alters the identity token on its way, signed anew. */
  forgeToken(change: (claims: Json) => Json, signed: 'right' | 'wrong' | 'unknown key' | 'none' | 'client secret' = 'right'): void {
    this.tamper = (path, answer) => {
      if (path !== '/token' || answer.status !== 200) return answer;
      const tokens = JSON.parse(answer.body) as Json & { id_token: string };
      const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1] ?? '', 'base64url').toString()) as Json;
      return { ...answer, body: JSON.stringify({ ...tokens, id_token: this.token(change(claims), signed) }) };
    };
  }

  private token(claims: Json, signed: 'right' | 'wrong' | 'unknown key' | 'none' | 'client secret'): string {
    const alg = signed === 'none' ? 'none' : signed === 'client secret' ? 'HS256' : 'RS256';
    const header = { alg, kid: signed === 'unknown key' ? 'unknown' : KID };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    if (alg === 'none') return `${text}.`;
    if (alg === 'HS256') return `${text}.${createHmac('sha256', CLIENT_SECRET).update(text).digest('base64url')}`;
    return `${text}.${sign('sha256', Buffer.from(text), signed === 'right' ? this.rightKey : this.wrongKey).toString('base64url')}`;
  }

  private async pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '').split('?', 1)[0] ?? '';
    this.seen.push(path);
    if (this.line === 'hangs') return;
    if (this.line === 'cut') return void incoming.socket.destroy();
    const { method, url, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port: this.providerPort, method, path: url, headers });
    incoming.pipe(onward);
    onward.on('error', () => incoming.socket.destroy());
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    let body = '';
    for await (const piece of answer.setEncoding('utf8') as AsyncIterable<string>) body += piece;
    if (!this.tamper) return void outgoing.writeHead(answer.statusCode ?? 0, answer.headers).end(body);
    const plain = {
      'content-type': answer.headers['content-type'] ?? '',
      ...(answer.headers.location && { location: answer.headers.location }),
    };
    const sent = this.tamper(path, { status: answer.statusCode ?? 0, headers: plain, body });
    outgoing.writeHead(sent.status, { ...answer.headers, ...sent.headers, 'content-length': Buffer.byteLength(sent.body) }).end(sent.body);
  }

  async dispose(): Promise<void> {
    this.wire.closeAllConnections();
    this.wire.close();
    if (this.process?.exitCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill();
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
