import { describe, expect, it } from '@jest/globals';
import { base32, matchingStep, otpauthUri, stepAt, totp } from './totp.ts';

const secret = Buffer.from('12345678901234567890');
const at = (seconds: number): Date => new Date(seconds * 1000);
const codeAt = (seconds: number): string => totp(secret, stepAt(at(seconds)));

describe('totp', () => {
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('is what RFC 6238 (appendix B) says at %d s', (seconds, code) => {
    expect(totp(secret, stepAt(at(seconds)), 8)).toBe(code);
    expect(codeAt(seconds)).toBe(code.slice(2));
  });

  it.each([
    [0, true],
    [-30, true],
    [30, true],
    [-60, false],
    [60, false],
  ])('takes the code of a clock that is off by %d s: %s', (seconds, taken) => {
    expect(matchingStep(secret, codeAt(6000 + seconds), at(6000), 0) !== null).toBe(taken);
  });

  it('takes a code once, and none from before one that was taken', () => {
    const step = matchingStep(secret, codeAt(6000), at(6000), 0);
    expect(step).toBe(200);
    expect(matchingStep(secret, codeAt(6000), at(6000), 200)).toBeNull();
    expect(matchingStep(secret, codeAt(5970), at(6000), 200)).toBeNull();
    expect(matchingStep(secret, codeAt(6030), at(6000), 200)).toBe(201);
  });

  it.each(['', '12345', '1234567', 'abcdef'])('does not take %j', (code) => {
    expect(matchingStep(secret, code, at(6000), 0)).toBeNull();
  });
});

describe('the secret', () => {
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('is written as RFC 4648 says: %j', (text, written) => {
    expect(base32(Buffer.from(text))).toBe(written);
  });

  it('goes into an app by an address that names account and installation', () => {
    expect(otpauthUri(secret, 'a@b', 'Tidegate tide.example')).toBe(
      'otpauth://totp/Tidegate%20tide.example:a%40b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tidegate%20tide.example',
    );
  });
});
