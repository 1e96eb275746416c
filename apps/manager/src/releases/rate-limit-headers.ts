/** GitHub's windows are an hour; whoever asks for longer is not believed. */
const MAX_REST_SECS = 3600;

/**
 * How many seconds a source wants to be left alone: `Retry-After`, or the rest of the window when nothing remains of it
 * (`X-RateLimit-Remaining: 0` with `X-RateLimit-Reset` in seconds since 1970). 0 when it does not ask.
 */
export function restSecs(header: (name: string) => string | undefined, now: Date): number {
  const retryAfter = header('retry-after') ?? '';
  if (/^\d{1,9}$/.test(retryAfter)) return Math.min(Number(retryAfter), MAX_REST_SECS);
  const reset = header('x-ratelimit-reset') ?? '';
  if (header('x-ratelimit-remaining') !== '0' || !/^\d{1,12}$/.test(reset)) return 0;
  return Math.min(Math.max(0, Math.ceil(Number(reset) - now.getTime() / 1000)), MAX_REST_SECS);
}
