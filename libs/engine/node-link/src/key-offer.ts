import { keyPayload, type CommandId, type KeyOffer } from '@tidegate/contract-protocol';
import type { Enrolment, Identity, NodeKey } from './ports/identity.ts';

interface Offering {
  readonly identity: Identity;
  readonly enrolment: Enrolment;
  readonly commandId: CommandId;
}

/** Proves both keys: the old one that this node wants the new one, the new one that the node has it. */
export function offerKey(next: NodeKey, { identity, enrolment, commandId }: Offering): KeyOffer {
  const key = identity.key();
  const { nodeId, managerId } = enrolment;
  const payload = keyPayload({ commandId, nodeId, managerId, oldKey: key.publicKey, newKey: next.publicKey });
  return {
    type: 'key_offer',
    command_id: commandId,
    public_key: next.publicKey,
    signature: key.sign(payload),
    proof: next.sign(payload),
  };
}
