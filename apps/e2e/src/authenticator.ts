import { createHmac } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** What an authenticator app shows now. Written apart from the manager's own: two that agree are both right. */
export function authenticatorCode(secret: string): string {
  let bits = 0n;
  for (const letter of secret) bits = (bits << 5n) | BigInt(BASE32.indexOf(letter));
  const key = Buffer.from(bits.toString(16).padStart((secret.length * 5) / 4, '0'), 'hex');
  const counter = Buffer.from(
    Math.floor(Date.now() / STEP_MS)
      .toString(16)
      .padStart(16, '0'),
    'hex',
  );
  const mac = [...createHmac('sha1', key).update(counter).digest()];
  const four = mac.slice((mac[19] ?? 0) % 16).slice(0, 4);
  const number = four.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte % 128 : byte), 0);
  return String(number).slice(-6).padStart(6, '0');
}
