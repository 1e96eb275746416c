import type { NodeId } from '@tidegate/contract-protocol';

export interface Enrolment {
  readonly nodeId: NodeId;
  /** Pinned: a manager with another id is not talked to. */
  readonly managerId: string;
}

/** Who this node is. The private key never leaves the implementation. */
export interface Identity {
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  enrolment(): Enrolment | null;
  /** The one-time token a person put there, read anew each time; null when there is none. */
  registrationToken(): Promise<string | null>;
  /** Durable when it resolves; the used token is gone after it. Idempotent. */
  saveEnrolment(enrolment: Enrolment): Promise<void>;
  /** Raw Ed25519 signature, base64url. */
  sign(bytes: Uint8Array): string;
}
