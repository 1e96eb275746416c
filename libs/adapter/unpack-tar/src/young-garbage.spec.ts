import { expect, it } from '@jest/globals';
import { YoungGarbage } from './young-garbage.ts';

const MIB = 1024 * 1024;

it('asks for a minor collection by what passed through, however it is cut', () => {
  const asked: unknown[] = [];
  const garbage = new YoungGarbage((options) => void asked.push(options));
  for (let passed = 0; passed < 8 * MIB; passed += MIB / 4) garbage.passed(MIB / 4);
  expect(asked).toEqual(Array.from({ length: 4 }, () => ({ type: 'minor' })));
});

it('asks for a full collection now and then, for what outlived the minor ones', () => {
  const asked: string[] = [];
  const garbage = new YoungGarbage(({ type }) => void asked.push(type));
  for (let passed = 0; passed < 128 * MIB; passed += MIB) garbage.passed(MIB);
  expect(asked.flatMap((type, index) => (type === 'major' ? [index] : []))).toEqual([15, 31, 47, 63]);
});

it('works without a collector', () => {
  expect(() => new YoungGarbage(null).passed(100 * MIB)).not.toThrow();
});
