export interface AuthPayload {
  /** The manager's nonce from `hello`. */
  readonly managerNonce: string;
  readonly nodeNonce: string;
  readonly nodeId: string;
  readonly managerId: string;
  readonly protocol: number;
  readonly intent: 'session' | 'probe';
}

/**
 * The bytes a node signs. The prefix separates the domain: a signature made here means nothing anywhere else. No field may
 * hold a line feed (their schemas forbid it), so the joined form is unambiguous.
 */
export const authPayload = (fields: AuthPayload): Uint8Array =>
  new TextEncoder().encode(
    ['tidegate-node-auth-v1', fields.managerNonce, fields.nodeNonce, fields.nodeId, fields.managerId, fields.protocol, fields.intent].join(
      '\n',
    ),
  );
