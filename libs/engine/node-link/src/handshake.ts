/**
 * hello -> [register -> registered ->] auth -> auth_ok | auth_error, on one connection.
 *
 * A node with an enrolment authenticates and looks at no token: a crash between saving the enrolment and removing the token
 * leaves both behind. A token is used when there is no enrolment, or when a person put one there because the enrolment is
 * void (`tokenFirst`).
 *
 * A next key, where there is one, is tried first: the manager accepts both until this node has beaten with the next one.
 */
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { DeviceType } from '@tidegate/contract-manifest';
import { authPayload, WIRE, type Auth, type AuthOk, type Facts, type FromManager, type Hello } from '@tidegate/contract-protocol';
import { endingOf, type Channel } from './channel.ts';
import type { Ending } from './backoff.ts';
import type { Enrolment, Identity, NodeKey } from './ports/identity.ts';

/** What a connection says of the process behind it. */
export type Introduction = Pick<Auth, 'run_id' | 'boot_id' | 'machine_id' | 'software_version' | 'in_trial'>;

export interface HandshakeParts {
  readonly identity: Identity;
  readonly deviceType: DeviceType;
  readonly intent: Auth['intent'];
  /** Of this node, fresh for every connection: 32 random bytes, base64url. */
  readonly nonce: () => string;
  readonly introduction: () => Introduction;
  readonly facts: () => Facts;
  /** Enrol anew although an enrolment exists. Never true for a probe. */
  readonly tokenFirst: boolean;
  /** The enrolment was revoked, so its key must not be used for another one. */
  readonly keyRevoked: boolean;
  readonly key: NodeKey;
}

export type HandshakeResult =
  | { readonly ok: true; readonly authOk: AuthOk; readonly enrolment: Enrolment; readonly key: NodeKey }
  | { readonly ok: false; readonly ending: Ending };

export async function shakeHands(channel: Channel, parts: HandshakeParts): Promise<HandshakeResult> {
  const greeting = await expect(channel, 'hello');
  if (!greeting.ok) return greeting;
  const protocol = agreeOnProtocol(greeting.message);
  if (!protocol.ok) return failed(channel, protocol.code);
  const enrolled = await enrolmentFor(channel, greeting.message, protocol.value, parts);
  if (!enrolled.ok) return enrolled;
  const { enrolment, anew } = enrolled;
  // Of a new enrolment the manager knows the one key that was registered.
  const key = anew ? parts.identity.key() : parts.key;
  channel.send(answer(greeting.message, protocol.value, enrolment, { ...parts, key }));
  const verdict = await expect(channel, 'auth_ok');
  return verdict.ok ? { ok: true, authOk: verdict.message, enrolment, key } : verdict;
}

function agreeOnProtocol(hello: Hello): Verdict<number> {
  const highest = Math.min(hello.protocol.max, WIRE.protocol.max);
  if (highest < Math.max(hello.protocol.min, WIRE.protocol.min)) {
    return refuse('protocol_version_unsupported', { manager_min: hello.protocol.min, manager_max: hello.protocol.max });
  }
  return accept(highest);
}

type EnrolmentResult =
  { readonly ok: true; readonly enrolment: Enrolment; readonly anew: boolean } | { readonly ok: false; readonly ending: Ending };

async function enrolmentFor(channel: Channel, hello: Hello, protocol: number, parts: HandshakeParts): Promise<EnrolmentResult> {
  const known = parts.identity.enrolment();
  // The pin: whoever took an address over learns nothing of this node and gets no token of it.
  if (known !== null && known.managerId !== hello.manager_id) return failed(channel, 'manager_identity_mismatch');
  const token = parts.intent === 'session' && (known === null || parts.tokenFirst) ? await parts.identity.registrationToken() : null;
  if (token === null) return known === null ? failed(channel, 'token_unknown') : { ok: true, enrolment: known, anew: false };
  if (parts.keyRevoked) await parts.identity.replaceRevokedKey();
  channel.send({
    type: 'register',
    protocol,
    token,
    public_key: parts.identity.key().publicKey,
    device_type: parts.deviceType,
    facts: parts.facts(),
  });
  const registered = await expect(channel, 'registered');
  if (!registered.ok) return registered;
  const enrolment: Enrolment = { nodeId: registered.message.node_id, managerId: registered.message.manager_id };
  if (enrolment.managerId !== hello.manager_id) return failed(channel, 'manager_identity_mismatch');
  await parts.identity.saveEnrolment(enrolment);
  return { ok: true, enrolment, anew: true };
}

function answer(hello: Hello, protocol: number, { nodeId, managerId }: Enrolment, parts: HandshakeParts): Auth {
  const nonce = parts.nonce();
  const { intent } = parts;
  const payload = authPayload({ managerNonce: hello.nonce, nodeNonce: nonce, nodeId, managerId, protocol, intent });
  return {
    type: 'auth',
    protocol,
    node_id: nodeId,
    nonce,
    signature: parts.key.sign(payload),
    intent,
    ...parts.introduction(),
    ...(intent === 'session' && { facts: parts.facts() }),
  };
}

type Expected<T extends FromManager['type']> =
  { readonly ok: true; readonly message: Extract<FromManager, { type: T }> } | { readonly ok: false; readonly ending: Ending };

async function expect<T extends FromManager['type']>(channel: Channel, type: T): Promise<Expected<T>> {
  const incoming = await channel.next();
  if (incoming.kind === 'closed') return { ok: false, ending: endingOf(incoming.closed) };
  if (incoming.kind === 'unknown_command') return failed(channel, 'message_unexpected');
  const { message } = incoming;
  if (message.type === type) return { ok: true, message: message as Extract<FromManager, { type: T }> };
  if (message.type !== 'auth_error') return failed(channel, 'message_unexpected');
  channel.close(1000, 'refused');
  const { retry_after_ms: retryAfterMs } = message;
  return { ok: false, ending: { code: message.code, closeCode: 1000, ...(retryAfterMs !== undefined && { retryAfterMs }) } };
}

function failed(channel: Channel, code: string): { readonly ok: false; readonly ending: Ending } {
  channel.close(1000, code);
  return { ok: false, ending: { code, closeCode: 1000 } };
}
