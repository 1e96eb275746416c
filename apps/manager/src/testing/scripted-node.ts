import { generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { authPayload, WIRE, type Facts, type FromManager } from '@tidegate/contract-protocol';
import { WebSocket, type ClientOptions } from 'ws';

type OfType<T extends FromManager['type']> = Extract<FromManager, { type: T }>;

export interface NodeIdentity {
  readonly privateKey: KeyObject;
  readonly publicKey: string;
  nodeId: string | undefined;
  readonly machineId: string;
  readonly spoolId: string;
}

export function newIdentity(): NodeIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'jwk' }).x ?? '';
  return { privateKey, publicKey: raw, nodeId: undefined, machineId: randomUUID(), spoolId: randomUUID() };
}

export const facts = (name: string): Facts => ({
  name,
  machine_id: 'machine-1',
  os: 'Debian 12',
  arch: 'x64',
  kernel: '6.1.0',
  env_names: ['PATH'],
  posture: {},
});

/** A node that says exactly what a test tells it to, over the real wire. */
export class ScriptedNode {
  readonly runId = randomUUID();
  readonly received: FromManager[] = [];
  closed: { code: number; reason: string } | undefined;
  private beats = 0;
  private readonly arrivals = new EventTarget();

  private constructor(
    readonly socket: WebSocket,
    readonly identity: NodeIdentity,
  ) {
    socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)) as FromManager);
      this.arrivals.dispatchEvent(new Event('change'));
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.arrivals.dispatchEvent(new Event('change'));
    });
    socket.on('error', () => {});
  }

  /** Connects and takes the hello, whose nonce everything after answers. */
  static async greet(
    port: number,
    identity: NodeIdentity = newIdentity(),
    options: ClientOptions = {},
    scheme: 'ws' | 'wss' = 'ws',
  ): Promise<{ node: ScriptedNode; hello: OfType<'hello'> }> {
    const socket = new WebSocket(`${scheme}://127.0.0.1:${port}${WIRE.path}`, WIRE.subprotocol, { perMessageDeflate: false, ...options });
    const node = new ScriptedNode(socket, identity);
    await once(socket, 'open');
    return { node, hello: await node.next('hello') };
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message of this type not taken yet; fails when the connection closes without it. */
  async next<T extends FromManager['type']>(type: T): Promise<OfType<T>> {
    for (;;) {
      const index = this.received.findIndex((message) => message.type === type);
      if (index >= 0) return this.received.splice(index, 1)[0] as OfType<T>;
      if (this.closed) throw new Error(`closed ${this.closed.code} ${this.closed.reason} before ${type}`);
      await new Promise((settle) => this.arrivals.addEventListener('change', settle, { once: true }));
    }
  }

  async whenClosed(): Promise<{ code: number; reason: string }> {
    while (!this.closed) await new Promise((settle) => this.arrivals.addEventListener('change', settle, { once: true }));
    return this.closed;
  }

  async enrol(token: string, change: object = {}): Promise<string> {
    this.say({
      type: 'register',
      protocol: 1,
      token,
      public_key: this.identity.publicKey,
      device_type: 'tidegate-edge',
      facts: facts('edge-a'),
      ...change,
    });
    const { node_id: nodeId } = await this.next('registered');
    this.identity.nodeId = nodeId;
    return nodeId;
  }

  async authenticate(
    hello: OfType<'hello'>,
    change: { intent?: 'session' | 'probe'; protocol?: number; key?: KeyObject; version?: string; as?: object } = {},
  ): Promise<OfType<'auth_ok'>> {
    const { intent = 'session', protocol = 1, key = this.identity.privateKey, version = '1.0.0' } = change;
    const nonce = randomBytes(32).toString('base64url');
    const nodeId = this.identity.nodeId ?? '';
    const payload = authPayload({ managerNonce: hello.nonce, nodeNonce: nonce, nodeId, managerId: hello.manager_id, protocol, intent });
    this.say({
      type: 'auth',
      protocol,
      node_id: nodeId,
      nonce,
      signature: sign(null, payload, key).toString('base64url'),
      intent,
      run_id: this.runId,
      boot_id: 'boot-1',
      machine_id: this.identity.machineId,
      software_version: version,
      in_trial: false,
      ...change.as,
    });
    return await this.next('auth_ok');
  }

  /** Waits until the beat is acknowledged. */
  async beat(change: object = {}): Promise<void> {
    this.beats += 1;
    this.say({
      type: 'health',
      beat: this.beats,
      run_id: this.runId,
      boot_id: 'boot-1',
      uptime_secs: 5,
      software_version: '1.0.0',
      committed_version: '1.0.0',
      previous_version: null,
      manifest_sha256: null,
      restarts: 0,
      checks: [],
      capabilities: ['upgrade'],
      attempt: null,
      trial: null,
      guard_version: '1',
      unit_version: null,
      trust_fingerprint: 'a'.repeat(64),
      trust_purpose: 'test',
      highest_sequence: 0,
      version_floor: null,
      disk: { free_bytes: 1, total_bytes: 2 },
      ...change,
    });
    await this.next('health_ack');
  }

  /** Waits until the event is acknowledged. */
  async report(seq: number, name: string, details: object = {}): Promise<void> {
    const event = {
      id: randomUUID(),
      spool_id: this.identity.spoolId,
      seq,
      name,
      severity: 'info',
      at: '1980-01-01T00:00:00.000Z',
      details,
    };
    this.say({ type: 'event', event });
    await this.next('event_ack');
  }

  end(): void {
    this.socket.terminate();
  }
}
