/**
 * RFC 6238 as authenticator apps have it: HMAC-SHA-1, six digits, steps of 30 s. No library: it is one HMAC, and which step a
 * code belongs to (so that it counts once) is what libraries keep to themselves.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_MS = 30_000;
const DIGITS = 6;
/** A phone's clock may be off by a step in either direction. */
const DRIFT_STEPS = 1;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const stepAt = (now: Date): number => Math.floor(now.getTime() / STEP_MS);

export function totp(secret: Buffer, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(at) & 0x7fff_ffff) % 10 ** digits).padStart(digits, '0');
}

/** @param after the last step that was used: its code and earlier ones do not count again. @returns the code's step; null when it is wrong. */
export function matchingStep(secret: Buffer, code: string, now: Date, after: number): number | null {
  const given = Buffer.from(code.replaceAll(' ', ''));
  const current = stepAt(now);
  let found: number | null = null;
  for (let step = current - DRIFT_STEPS; step <= current + DRIFT_STEPS; step += 1) {
    const expected = Buffer.from(totp(secret, step));
    const same = given.length === expected.length && timingSafeEqual(given, expected);
    if (same && step > after) found ??= step;
  }
  return found;
}

/** RFC 4648 without padding: what people type into an app that cannot see the QR code. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** The address that an authenticator app's QR code holds. */
export function otpauthUri(secret: Buffer, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
