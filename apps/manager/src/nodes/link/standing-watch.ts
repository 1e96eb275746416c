import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOSE } from '@tidegate/contract-protocol';
import { Bus, CLOCK, Database, LOG, oneAtATime, type Clock, type Log } from '../../platform/index.ts';
import { KeyRotation } from '../key-rotation.ts';
import { standingsOf, type HeldStanding } from '../persistence/node-life-records.ts';
import { NodeLink, type LiveSession } from './node-link.ts';

const COMPARE_EVERY_MS = 60_000;
/** Come back at once: the agent takes any other code of ours for a reason to wait. */
const COME_BACK = 1012;

/**
 * What people decide about a node reaches the replica that holds its socket: revoked and removed nodes are shown out, moved ones come
 * back into their new group, and one that is to change its key is asked.
 */
@Injectable()
export class StandingWatch implements OnModuleInit {
  /** Rotations that a session was asked for already. */
  private readonly asked = new WeakMap<LiveSession, string>();

  constructor(
    private readonly database: Database,
    private readonly link: NodeLink,
    private readonly rotation: KeyRotation,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    const all = oneAtATime(() => this.look(this.link.sessions.map((session) => session.nodeId)));
    this.bus.listen('standing', (ids) => (ids ? void this.look(ids) : all()));
    this.clock.every(COMPARE_EVERY_MS, all);
  }

  private async look(ids: readonly string[]): Promise<void> {
    const held = ids.filter((id) => this.link.sessionOf(id));
    if (held.length === 0 || !this.database.open) return;
    try {
      for (const standing of await this.database.read((em) => standingsOf(em, held))) this.apply(standing);
    } catch (error) {
      this.log.debug({ err: error }, 'standing of nodes not read');
    }
  }

  private apply(standing: HeldStanding): void {
    const session = this.link.sessionOf(standing.id);
    if (!session) return;
    const gone = standing.removed ? 'node_unknown' : standing.revoked ? 'node_revoked' : null;
    if (gone) {
      // Said before it is closed: an agent that knows why does not knock every second.
      this.link.send(session, { type: 'auth_error', code: gone });
      return this.link.end(session, CLOSE.revoked, gone);
    }
    if (standing.groupId !== session.groupId) return this.link.end(session, COME_BACK, 'node_moved');
    const { keyRotationId } = standing;
    if (!keyRotationId || session.keyRotationId === keyRotationId || this.asked.get(session) === keyRotationId) return;
    this.asked.set(session, keyRotationId);
    this.rotation.send(session, keyRotationId);
  }
}
