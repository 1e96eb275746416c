import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { commandId, nodeId as asNodeId, type CommandAck, type KeyOffer } from '@tidegate/contract-protocol';
import { AuditTrail } from '../audit/index.ts';
import type { SignedIn } from '../auth/index.ts';
import { EventLog } from '../event-log/index.ts';
import { ChangeFeed, CLOCK, Database, Installation, type Clock } from '../platform/index.ts';
import { NodeLink, type LiveSession } from './link/node-link.ts';
import { NodeActs } from './node-acts.ts';
import { checkKeyChange } from './node-key.ts';
import { adoptNextKey, changeNode, lockNodeLife, refuseRotation, storeNextKey } from './persistence/node-life-records.ts';

/** For the node, from receipt; asked again at each connect until it is answered. */
const COMMAND_TTL_SECS = 3600;

/**
 * asked -> offered -> done, or asked -> refused. Asked: a command, sent at once and at every connect. Offered: the node's new key
 * is stored and accepted beside the old one, which ends with the first beat of a session that the new one opened: until then a
 * power cut on the node, or the loss of any message, leaves it a key that is accepted.
 */
@Injectable()
export class KeyRotation implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly installation: Installation,
    private readonly link: NodeLink,
    private readonly acts: NodeActs,
    private readonly audit: AuditTrail,
    private readonly events: EventLog,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.link.listen({
      opened: (session) => this.opened(session),
      commandAck: (session, ack) => this.answered(session, ack),
    });
  }

  /** Asks anew when the node refused or never answered. @throws CodedError node_not_found, forbidden, node_revoked */
  async ask(caller: SignedIn, nodeId: string): Promise<void> {
    await this.acts.perform(caller, nodeId, 'node.rotate_key', async (em, node, now) => {
      if (node.revokedAt) throw new CodedError('node_revoked');
      const rotationId = randomUUID();
      await changeNode(em, nodeId, {
        key_rotation_id: rotationId,
        key_rotation_state: 'asked',
        key_rotation_asked_at: now,
        key_rotation_error: null,
      });
      return { name: 'node.rotate_key', details: { rotation: rotationId } };
    });
  }

  private opened(session: LiveSession): Promise<void> {
    if (session.keyRotationId) this.send(session, session.keyRotationId);
    return Promise.resolve();
  }

  send(session: LiveSession, rotationId: string): void {
    const id = commandId.parse(rotationId);
    const nodeId = asNodeId.parse(session.nodeId);
    this.link.send(session, { type: 'command', id, node_id: nodeId, ttl_secs: COMMAND_TTL_SECS, action: { kind: 'rotate_key' } });
  }

  /**
   * Stores the key a node offers. The same offer again is answered again.
   * @throws CodedError message_unexpected (nobody asked), public_key_invalid, node_key_invalid, public_key_in_use, node_revoked
   */
  async offered(session: LiveSession, offer: KeyOffer): Promise<void> {
    await this.database.transaction(async (em) => {
      const node = await lockNodeLife(em, session.nodeId);
      if (!node) throw new CodedError('node_unknown');
      if (node.revokedAt) throw new CodedError('node_revoked');
      if (node.keyRotationId !== offer.command_id) throw new CodedError('message_unexpected');
      const fields = { commandId: offer.command_id, nodeId: node.id, managerId: this.installation.managerId };
      checkKeyChange({ ...fields, oldKey: node.publicKey, newKey: offer.public_key }, offer);
      if (!(await storeNextKey(em, node.id, offer.public_key))) throw new CodedError('public_key_in_use');
    });
    this.changes.emit('node', session.nodeId);
    this.link.send(session, { type: 'key_accepted', command_id: offer.command_id, public_key: offer.public_key });
  }

  /** The node beats in a session that its next key opened: it has that key for good. */
  async adopted(session: LiveSession, publicKey: string): Promise<void> {
    const groupId = await this.database.transaction(async (em) => {
      const found = await adoptNextKey(em, session.nodeId, publicKey, this.clock.now());
      if (!found) return null;
      const target = { kind: 'node', id: session.nodeId } as const;
      await this.audit.append(em, { actor: 'system', action: 'node.key_rotated', target, details: { public_key: publicKey } });
      await this.events.record(em, { name: 'node_key_rotated', nodeId: session.nodeId, groupId: found });
      return found;
    });
    if (groupId) this.changes.emit('node', session.nodeId);
  }

  /** Only a refusal is answered so: an agent that does not know the command, or a disk that takes no key. */
  private async answered(session: LiveSession, ack: CommandAck): Promise<void> {
    if (ack.accepted) return;
    const refused = await this.database.read((em) => refuseRotation(em, session.nodeId, ack.id, ack.error_code));
    if (refused) this.changes.emit('node', session.nodeId);
  }
}
