import { hash } from 'node:crypto';
import { CodedError } from '@tidegate/contract-errors';
import type { Clock } from '../platform/index.ts';

const WINDOW_MS = 60_000;
const MAX_KEPT = 10_000;

/**
 * How much one account may ask for: generous for people and programs, little enough that one that runs wild leaves the others alone.
 * In memory, so each replica counts for itself. A credential that is over the limit is refused before anybody looks it up.
 */
export class RequestLimit {
  private readonly seen = new Map<string, { count: number; until: number }>();
  /** Digests of credentials, until when. */
  private readonly refused = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly perMinute: number,
  ) {}

  /** @throws CodedError rate_limited */
  turnAway(secret: string): void {
    if (this.refused.size === 0) return;
    const key = keyOf(secret);
    const until = this.refused.get(key);
    if (until === undefined) return;
    const restMs = until - this.clock.now().getTime();
    if (restMs > 0) throw tooMany(restMs);
    this.refused.delete(key);
  }

  /** @throws CodedError rate_limited */
  take(userId: string, secret: string): void {
    const now = this.clock.now().getTime();
    let entry = this.seen.get(userId);
    if (!entry || entry.until <= now) {
      makeRoom(this.seen);
      this.seen.set(userId, (entry = { count: 0, until: now + WINDOW_MS }));
    }
    entry.count += 1;
    if (entry.count <= this.perMinute) return;
    makeRoom(this.refused);
    this.refused.set(keyOf(secret), entry.until);
    throw tooMany(entry.until - now);
  }
}

const keyOf = (secret: string): string => hash('sha256', secret, 'base64');
const tooMany = (restMs: number): CodedError => new CodedError('rate_limited', { retry_after_secs: restMs / 1000 });

function makeRoom(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (map.size >= MAX_KEPT && oldest !== undefined) map.delete(oldest);
}
