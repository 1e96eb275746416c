import type { NodeId } from '@tidegate/contract-protocol';

export interface Enrolment {
  readonly nodeId: NodeId;
  /** Pinned: a manager with another id is not talked to. */
  readonly managerId: string;
}

export interface NodeKey {
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** Raw Ed25519 signature, base64url. */
  sign(bytes: Uint8Array): string;
}

/** Who this node is. The private key never leaves the implementation. */
export interface Identity {
  /** What this node signs with. */
  key(): NodeKey;
  enrolment(): Enrolment | null;
  /** The one-time token a person put there, read anew each time; null when there is none. */
  registrationToken(): Promise<string | null>;
  /** Durable when it resolves; the used token is gone after it. Idempotent. */
  saveEnrolment(enrolment: Enrolment): Promise<void>;
  /** The key that is to follow: made, and perhaps known to the manager already. */
  nextKey(): NodeKey | null;
  /** Makes the next key unless there is one; durable when it resolves. Idempotent. */
  prepareNextKey(): Promise<NodeKey>;
  /** The next key becomes the key; durable when it resolves. Does nothing without one. */
  adoptNextKey(): Promise<void>;
  /**
   * A new key in place of one that was revoked, for the next enrolment; durable when it resolves. Once per enrolment: after a
   * crash, the token may already have been used with the new key.
   */
  replaceRevokedKey(): Promise<void>;
}
