import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Register } from '@tidegate/contract-protocol';
import { AuditTrail } from '../audit/index.ts';
import { EventLog } from '../event-log/index.ts';
import { CLOCK, Database, type Clock } from '../platform/index.ts';
import { parseNodeKey } from './node-key.ts';
import { enrolNode } from './persistence/node-records.ts';
import { lockToken, markTokenUsed } from './persistence/token-records.ts';
import { hashToken } from './registration-tokens.ts';

/** A node's first proof of identity: a one-time token for a key of its own. */
@Injectable()
export class Enrolment {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly events: EventLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns the node's id.
   * @throws CodedError public_key_invalid, token_unknown, token_used, token_revoked, token_expired, token_device_type_mismatch,
   *   public_key_in_use; nothing is stored then.
   */
  async register(request: Register, address: string): Promise<string> {
    if (!parseNodeKey(request.public_key)) throw new CodedError('public_key_invalid');
    const now = this.clock.now();
    return await this.database.transaction(async (em) => {
      const token = await lockToken(em, hashToken(request.token));
      if (!token) throw new CodedError('token_unknown');
      if (token.usedBy) {
        // The answer to the first try may have been lost on the way: the same key gets the same node again.
        if (token.usedBy.nodeId && token.usedBy.publicKey === request.public_key) return token.usedBy.nodeId;
        throw new CodedError('token_used');
      }
      if (token.revokedAt) throw new CodedError('token_revoked');
      if (token.expiresAt <= now) throw new CodedError('token_expired');
      if (token.deviceType !== request.device_type) throw new CodedError('token_device_type_mismatch');
      const node = { id: randomUUID(), groupId: token.groupId, deviceType: token.deviceType, publicKey: request.public_key };
      if (!(await enrolNode(em, { ...node, facts: request.facts, now }))) throw new CodedError('public_key_in_use');
      await markTokenUsed(em, token.id, node.id, now);
      await this.audit.append(em, {
        actor: 'system',
        action: 'node.enrol',
        target: { kind: 'node', id: node.id },
        address,
        details: { registration_token: token.id, device_type: node.deviceType, name: request.facts.name },
      });
      const details = { device_type: node.deviceType, name: request.facts.name };
      await this.events.record(em, { name: 'node_enrolled', nodeId: node.id, groupId: node.groupId, details });
      return node.id;
    });
  }
}
