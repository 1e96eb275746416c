import { describe, expect, it } from '@jest/globals';
import { isSealed, keyIdOfSealed, seal, secretKey, unseal } from './envelope.ts';

const key = secretKey(Buffer.alloc(32, 1));
const other = secretKey(Buffer.alloc(32, 2));
const PLACE = 'users.secret/1';
const sealed = seal(key, 'tide und Flut: \u00e9', PLACE);
const damaged = expect.objectContaining({ code: 'secret_damaged', details: { place: PLACE } });

describe('a sealed text', () => {
  it('opens with its key at its place, and says which key that is', () => {
    expect(unseal(key, sealed, PLACE)).toBe('tide und Flut: \u00e9');
    expect([isSealed(sealed), keyIdOfSealed(sealed)]).toEqual([true, key.id]);
    expect(unseal(key, seal(key, '', PLACE), PLACE)).toBe('');
  });

  it('is another one each time', () => {
    expect(seal(key, 'same', PLACE)).not.toBe(seal(key, 'same', PLACE));
  });

  it('shows neither text nor key', () => {
    expect(Buffer.from(sealed.split(':')[3] ?? '', 'base64url').includes('tide')).toBe(false);
    expect(JSON.stringify(key)).toBe(`{"id":"${key.id}","key":{}}`);
  });

  it('does not open after any bit of it was changed', () => {
    const [prefix, bytes] = [sealed.slice(0, 24), Buffer.from(sealed.slice(24), 'base64url')];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unseal(key, prefix + changed.toString('base64url'), PLACE)).toThrow(damaged);
    }
  });

  it('does not open when it was cut', () => {
    for (let length = 0; length < sealed.length; length += 1) expect(() => unseal(key, sealed.slice(0, length), PLACE)).toThrow(damaged);
  });

  it('does not open at another place: values cannot be swapped', () => {
    expect(() => unseal(key, seal(key, 'of 2', 'users.secret/2'), PLACE)).toThrow(damaged);
  });

  it('does not open with another key, also when it is given that key’s id', () => {
    expect(() => unseal(other, sealed, PLACE)).toThrow(damaged);
    expect(() => unseal(other, sealed.replace(key.id, other.id), PLACE)).toThrow(damaged);
    expect(() => unseal(key, sealed.replace(key.id, other.id), PLACE)).not.toThrow();
  });
});
