import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, ERRORS, isUpgradeErrorCode } from '@tidegate/contract-errors';
import { httpStatusOf, STATUS } from './http-status.ts';

describe('httpStatusOf', () => {
  it('knows every code that a request can be answered with', () => {
    const own = ERROR_CODES.filter((code) => !isUpgradeErrorCode(code) && !['local', 'guard'].includes(ERRORS[code].area));
    expect(own.filter((code) => !(code in STATUS))).toEqual([]);
  });

  it('answers a refusal of an attempt in the 4xx class and an unknown fault with 500', () => {
    expect(httpStatusOf('upgrade_in_progress')).toBe(409);
    expect(httpStatusOf('upgrade_version_invalid')).toBe(400);
    expect(httpStatusOf('upgrade_disabled')).toBe(409);
    expect(httpStatusOf('internal_error')).toBe(500);
  });
});
