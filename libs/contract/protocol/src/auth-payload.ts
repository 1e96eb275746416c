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

export interface KeyPayload {
  /** Of the command that asked: an offer cannot be used a second time, nor for another node. */
  readonly commandId: string;
  readonly nodeId: string;
  readonly managerId: string;
  readonly oldKey: string;
  readonly newKey: string;
}

/** The bytes that both keys sign when a node changes its key. */
export const keyPayload = (fields: KeyPayload): Uint8Array =>
  new TextEncoder().encode(
    ['tidegate-node-rekey-v1', fields.commandId, fields.nodeId, fields.managerId, fields.oldKey, fields.newKey].join('\n'),
  );
