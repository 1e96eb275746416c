import { CodedError } from '@tidegate/contract-errors';
import type { Clock } from '../platform/index.ts';

const ATTEMPTS_PER_MINUTE = 30;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/** Counts sign-ins per address before any password is hashed. In memory: a restart forgives, a lock in the database does not. */
export class SignInLimit {
  private readonly seen = new Map<string, { count: number; until: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly limit = ATTEMPTS_PER_MINUTE,
  ) {}

  /** @throws CodedError rate_limited */
  take(address: string): void {
    const now = this.clock.now().getTime();
    let entry = this.seen.get(address);
    if (!entry || entry.until <= now) {
      if (this.seen.size >= MAX_ADDRESSES) this.forgetOldest();
      entry = { count: 0, until: now + WINDOW_MS };
      this.seen.delete(address);
      this.seen.set(address, entry);
    }
    entry.count += 1;
    if (entry.count > this.limit) throw new CodedError('rate_limited', { retry_after_secs: (entry.until - now) / 1000 });
  }

  private forgetOldest(): void {
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }
}
