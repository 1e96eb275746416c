import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import { WIRE, type Auth, type AuthOk, type Register } from '@tidegate/contract-protocol';
import type { EntityManager } from 'typeorm';
import {
  BatchCall,
  Bus,
  CLOCK,
  CONFIG,
  Database,
  Installation,
  Metrics,
  Replica,
  type Clock,
  type ManagerConfig,
} from '../../platform/index.ts';
import { CloneWatch } from '../clone-watch.ts';
import { Enrolment } from '../enrolment.ts';
import { isSignedBy } from '../node-key.ts';
import { findNodes, openNodeSessions, type NodeRecord, type OpenedSession, type SessionRequest } from '../persistence/node-records.ts';
import { sessionNotice, type LiveSession } from './node-link.ts';

const SPOOL_MAX_EVENTS = 10_000;
/** A storm of nodes is let in so much later at each step, and for a third of the statements. One that comes alone waits for nothing. */
const AT_ONCE = 1000;
const GATHER_MS = 20;

/** Decides who a connection is. Knows no sockets. */
@Injectable()
export class Handshake {
  // After a restart every node comes at once: one by one, their round trips to the database would be most of the work.
  private readonly lookups: BatchCall<string, NodeRecord | null>;
  private readonly openings: BatchCall<SessionRequest, OpenedSession>;

  constructor(
    database: Database,
    private readonly installation: Installation,
    private readonly enrolment: Enrolment,
    replica: Replica,
    private readonly bus: Bus,
    private readonly clones: CloneWatch,
    metrics: Metrics,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.lookups = new BatchCall((ids) => database.read((em) => findNodes(em, ids)), AT_ONCE, GATHER_MS);
    this.openings = new BatchCall(
      (requests) => {
        const open = (em: EntityManager): Promise<OpenedSession[]> => openNodeSessions(em, requests, replica.id);
        // Without facts it is one statement, which needs no transaction around it.
        return requests.some((request) => request.auth.facts) ? database.transaction(open) : database.read(open);
      },
      AT_ONCE,
      GATHER_MS,
    );
    metrics.queue('sessions', () => this.lookups.depth + this.openings.depth);
  }

  get managerId(): string {
    return this.installation.managerId;
  }

  /** @throws CodedError see Enrolment.register, protocol_version_unsupported */
  async register(message: Register, address: string): Promise<string> {
    checkProtocol(message.protocol);
    return await this.enrolment.register(message, address);
  }

  /**
   * @param managerNonce of this connection's hello, so that an answer to another challenge does not fit.
   * @throws CodedError protocol_version_unsupported, node_unknown, node_revoked, node_key_invalid, database_unavailable
   */
  async authenticate(message: Auth, managerNonce: string): Promise<LiveSession> {
    checkProtocol(message.protocol);
    const node = await this.lookups.ask(message.node_id);
    if (!node || node.removedAt) throw new CodedError('node_unknown');
    if (node.revokedAt) throw new CodedError('node_revoked');
    const payload = {
      managerNonce,
      nodeNonce: message.nonce,
      nodeId: message.node_id,
      managerId: this.managerId,
      protocol: message.protocol,
      intent: message.intent,
    };
    const signedWith = [node.publicKey, node.nextPublicKey].find((key) => key !== null && isSignedBy(key, payload, message.signature));
    if (!signedWith) throw new CodedError('node_key_invalid');
    const session = {
      nodeId: node.id,
      groupId: node.groupId,
      ...(signedWith === node.nextPublicKey && { nextKey: signedWith }),
      ...(node.keyRotationState === 'asked' && node.keyRotationId !== null && { keyRotationId: node.keyRotationId }),
    };
    // A probe asks "do you answer, do you know me?" for the boot guard while the candidate holds the session: it takes nothing.
    if (message.intent === 'probe') return { ...session, epoch: 0 };
    const opened = await this.openings.ask({ auth: message, at: this.clock.now() });
    if (opened.wasElsewhere) this.bus.publish('session', [sessionNotice.write(node.id, opened.epoch)]);
    if (opened.before) await this.clones.look(opened.before, message);
    return { ...session, epoch: opened.epoch };
  }

  welcome(session: LiveSession): AuthOk {
    return {
      type: 'auth_ok',
      settings: { beat_interval_secs: this.config.node_settings.beat_interval_secs, spool_max_events: SPOOL_MAX_EVENTS },
      session_epoch: session.epoch,
      server_time: this.clock.now().toISOString(),
    };
  }
}

function checkProtocol(version: number): void {
  if (version < WIRE.protocol.min || version > WIRE.protocol.max) {
    throw new CodedError('protocol_version_unsupported', { min: WIRE.protocol.min, max: WIRE.protocol.max });
  }
}
