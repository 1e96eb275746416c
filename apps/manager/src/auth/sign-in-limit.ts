import { isIPv6 } from 'node:net';
import { CodedError } from '@tidegate/contract-errors';
import type { Clock } from '../platform/index.ts';
import type { Lane } from './fair-queue.ts';

const FAILURES_PER_MINUTE = 30;
const MAX_ADDRESSES = 10_000;
/** More than this lately, and having been right once is forgotten. */
const MISTAKES = 5;

/** Whoever has one IPv6 address has its whole /64 network to choose more from. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = tail === undefined ? left : [...left, ...missing, ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/**
 * Counts failed sign-ins per network before any password is hashed. In memory: a restart forgives and each replica counts for
 * itself; the lock of a name is in the database and does neither.
 */
export class SignInLimit {
  private readonly seen = new Map<string, { count: number; until: number }>();
  /** Networks from which somebody signed in, the latest last. */
  private readonly right = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly limit = FAILURES_PER_MINUTE,
    private readonly windowMs = 60_000,
  ) {}

  /**
   * Before the password is looked at: what runs counts as failed until it is known better.
   * @throws CodedError rate_limited
   */
  take(network: string): Lane {
    const now = this.clock.now().getTime();
    let entry = this.seen.get(network);
    if (!entry || entry.until <= now) {
      forgetOldest(this.seen);
      entry = { count: 0, until: now + this.windowMs };
      this.seen.delete(network);
      this.seen.set(network, entry);
    }
    this.refuse(network);
    entry.count += 1;
    if (this.right.has(network) && entry.count <= MISTAKES) return 'known';
    return entry.count === 1 ? 'strange' : 'suspect';
  }

  /** Looks only. @throws CodedError rate_limited */
  refuse(network: string): void {
    const now = this.clock.now().getTime();
    const entry = this.seen.get(network);
    if (entry && entry.until > now && entry.count >= this.limit)
      throw new CodedError('rate_limited', { retry_after_secs: (entry.until - now) / 1000 });
  }

  /** It was a right one: a whole company may sign in from one address on a Monday morning. */
  forgive(network: string): void {
    const entry = this.seen.get(network);
    if (entry && entry.count > 0) entry.count -= 1;
    this.right.delete(network);
    forgetOldest(this.right);
    this.right.add(network);
  }
}

function forgetOldest(networks: Map<string, unknown> | Set<string>): void {
  if (networks.size < MAX_ADDRESSES) return;
  const [oldest] = networks.keys();
  if (oldest !== undefined) networks.delete(oldest);
}
