import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { SessionView, StreamMessage } from '@tidegate/contract-api';
import { startManager, type RunningManager } from '../manager.ts';
import { createLog, parseConfig } from '../platform/index.ts';
import { ManualClock } from './manual-clock.ts';
import { newIdentity, ScriptedNode, type NodeIdentity } from './scripted-node.ts';

export const PASSWORD = 'correct horse battery staple';
export const SECRETS_KEY = Buffer.alloc(32, 'a key of tests').toString('base64url');
const READY_POLL_MS = 20;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read many shapes and assert on what they read
  readonly body: any;
}

/** The whole manager in this process, on a real database and real sockets, with a clock that the test moves. */
export class ManagerUnderTest {
  readonly clock = new ManualClock();
  readonly logLines: string[] = [];
  private running: RunningManager | undefined;
  private cookie = '';
  private host: string | undefined;
  csrf = '';

  private constructor(
    private readonly folder: string,
    private readonly overrides: object,
    private readonly logLevel: string,
  ) {}

  /** @param overrides of the configuration; without database_url the manager starts a PostgreSQL of its own. */
  static async start(overrides: object, { untilReady = true, logLevel = 'info' } = {}): Promise<ManagerUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-manager-spec-'));
    await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
    const manager = new ManagerUnderTest(folder, overrides, logLevel);
    try {
      await manager.boot(untilReady);
    } catch (error) {
      await manager.dispose();
      throw error;
    }
    return manager;
  }

  async boot(untilReady = true): Promise<void> {
    const file = {
      // The same port after a restart: cookies are named after it.
      listen: { port: this.port },
      data_dir: this.folder,
      admin: { password_file: join(this.folder, 'password') },
      ...this.overrides,
    };
    // Replicas of one database are given one key; a test of keys says which in its own configuration.
    const config = parseConfig(file, 'secrets' in this.overrides ? {} : { TIDEGATE_SECRETS_KEY: SECRETS_KEY });
    const notifier = { ready: () => {}, status: () => {}, stopping: () => {}, watch: () => {} };
    const log = createLog(this.logLevel, { write: (line) => void this.logLines.push(line) });
    this.running = await startManager({ config, clock: this.clock, log, notifier });
    if (untilReady) await this.untilReady(200);
  }

  async untilReady(status: number): Promise<void> {
    const deadline = Date.now() + 20_000;
    while ((await this.call('GET', '/readyz')).status !== status) {
      if (Date.now() > deadline) throw new Error(`readyz did not become ${status}: ${this.logLines.slice(-5).join('')}`);
      this.clock.advance(1000);
      await new Promise((settle) => setTimeout(settle, READY_POLL_MS));
    }
  }

  get port(): number {
    return this.running?.address.port ?? 0;
  }

  /** What has no route of its own. */
  service<T>(type: Type<T>): T {
    if (!this.running) throw new Error('the manager was not started');
    return this.running.service(type);
  }

  async reload(): Promise<void> {
    await this.running?.reload();
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private open(method: string, path: string, headers: object): Promise<IncomingMessage> & { send(body: string | undefined): void } {
    const request = 'tls' in this.overrides ? httpsRequest : httpRequest;
    const outgoing = request({
      // Tests that are about the certificate look at it themselves.
      rejectUnauthorized: false,
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      headers: { ...(this.host && { host: this.host }), ...(this.cookie && { cookie: this.cookie }), ...headers },
    });
    const answered = once(outgoing, 'response').then(([response]) => response as IncomingMessage);
    return Object.assign(answered, { send: (body: string | undefined) => void outgoing.end(body) });
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const opened = this.open(method, path, { 'x-csrf-token': this.csrf, ...json, ...headers });
    opened.send(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    const response = await opened;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const type = response.headers['content-type'] ?? '';
    return { status: response.statusCode ?? 0, headers: response.headers, body: /\bjson\b/.test(type) ? JSON.parse(text) : text };
  }

  async signIn(): Promise<SessionView> {
    const answer = await this.call('POST', '/api/v1/session', { username: 'admin', password: PASSWORD });
    if (answer.status !== 200) throw new Error(`sign-in: ${JSON.stringify(answer.body)}`);
    this.cookie = (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
    this.csrf = (answer.body as SessionView).csrf_token;
    return answer.body as SessionView;
  }

  /** As a browser sees two replicas behind one address: the same session, whichever answers. */
  answersFor(other: ManagerUnderTest): void {
    this.cookie = other.cookie;
    this.csrf = other.csrf;
    this.host = `127.0.0.1:${other.port}`;
  }

  forgetSession(): void {
    this.cookie = '';
    this.csrf = '';
  }

  async token(change: object = {}): Promise<string> {
    const answer = await this.call('POST', '/api/v1/registration-tokens', { device_type: 'tidegate-edge', ...change });
    if (answer.status !== 201) throw new Error(`token: ${JSON.stringify(answer.body)}`);
    return (answer.body as { token: string }).token;
  }

  /** Enrolled, authenticated, with one beat stored. */
  async node(identity: NodeIdentity = newIdentity(), beat: object = {}): Promise<ScriptedNode> {
    const { node, hello } = await this.greet(identity);
    if (identity.nodeId === undefined) await node.enrol(await this.token());
    await node.authenticate(hello);
    await node.beat(beat);
    return node;
  }

  greet(identity: NodeIdentity = newIdentity()): ReturnType<typeof ScriptedNode.greet> {
    return ScriptedNode.greet(this.port, identity);
  }

  /** Live updates, one by one. */
  async *watch(query = ''): AsyncGenerator<StreamMessage> {
    const opened = this.open('GET', `/api/v1/stream${query}`, {});
    opened.send(undefined);
    const response = await opened;
    let pending = '';
    for await (const chunk of response) {
      pending += String(chunk);
      const frames = pending.split('\n\n');
      pending = frames.pop() ?? '';
      for (const frame of frames) if (frame.startsWith('data: ')) yield JSON.parse(frame.slice(6)) as StreamMessage;
    }
  }
}
