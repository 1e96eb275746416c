import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@tidegate/contract-errors';
import { atStorage } from './unpack-errors.ts';

const failing = (code: string) => atStorage(() => Promise.reject(Object.assign(new Error('text'), { code })));

describe('what the system refuses', () => {
  it.each([
    ['ENOSPC', 'upgrade_disk_full'],
    ['EDQUOT', 'upgrade_disk_full'],
    ['EROFS', 'upgrade_storage_error'],
    ['EIO', 'upgrade_storage_error'],
    ['EACCES', 'upgrade_storage_error'],
  ])('%s is %s, with the name of the error and not its text', async (name, code) => {
    await expect(failing(name)).rejects.toMatchObject({ code, details: { error: name } });
  });
  it('leaves coded errors and bugs alone', async () => {
    const coded = new CodedError('upgrade_extract_failed', { rule: 'x' });
    await expect(atStorage(() => Promise.reject(coded))).rejects.toBe(coded);
    await expect(atStorage(() => Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
  });
});
