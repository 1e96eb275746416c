import type { ServerResponse } from 'node:http';

const WINDOW_MS = 3_600_000;

/** Counts requests per hour like GitHub's primary rate limit, and says so in the same headers. */
export class RateLimit {
  readonly #requestsPerHour: number;
  readonly #now: () => number;
  #windowEndsAt = 0;
  #used = 0;

  constructor(requestsPerHour: number, now: () => number) {
    this.#requestsPerHour = requestsPerHour;
    this.#now = now;
  }

  /** Counts one request and says whether it is within the limit. */
  take(): boolean {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#used = 0;
    }
    this.#used += 1;
    return this.#used <= this.#requestsPerHour;
  }

  /** A 304 to an authenticated caller is free. */
  giveBack(): void {
    this.#used -= 1;
  }

  writeTo(response: ServerResponse): void {
    response.setHeader('x-ratelimit-limit', this.#requestsPerHour);
    response.setHeader('x-ratelimit-remaining', Math.max(0, this.#requestsPerHour - this.#used));
    response.setHeader('x-ratelimit-used', Math.min(this.#requestsPerHour, this.#used));
    response.setHeader('x-ratelimit-reset', Math.ceil(this.#windowEndsAt / 1000));
    response.setHeader('x-ratelimit-resource', 'core');
  }
}
