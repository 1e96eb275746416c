import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { derContent, derText, TAG } from './der.ts';

const encoded = (tag: number, content: Uint8Array): Buffer => {
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.from([tag, ...header, ...content]);
};

describe('one DER element', () => {
  it('is read back at every length class', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535]) {
      const content = Buffer.alloc(length, 0x61);
      expect(derContent(encoded(TAG.sequence, content), TAG.sequence)).toHaveLength(length);
      expect(derText(encoded(TAG.utf8String, content), TAG.utf8String)).toBe('a'.repeat(length));
    }
  });

  it.each<[string, number[]]>([
    ['is empty', []],
    ['has no length', [0x0c]],
    ['has another tag', [0x13, 1, 0x61]],
    ['is cut short', [0x0c, 2, 0x61]],
    ['has bytes behind it', [0x0c, 1, 0x61, 0x61]],
    ['has an indefinite length', [0x0c, 0x80, 0x61, 0, 0]],
    ['has a length in more bytes than needed', [0x0c, 0x81, 1, 0x61]],
    ['has a length with a leading zero', [0x0c, 0x82, 0, 1, 0x61]],
    ['has a length of three bytes', [0x0c, 0x83, 0, 0, 1, 0x61]],
    ['is no UTF-8', [0x0c, 1, 0xff]],
    ['is an overlong encoding', [0x0c, 2, 0xc0, 0xaf]],
  ])('is nothing when it %s', (_name, bytes) => {
    expect(derText(Uint8Array.from(bytes), TAG.utf8String)).toBeNull();
  });

  it('keeps a byte order mark: it is part of the text that is compared', () => {
    expect(derText(encoded(TAG.utf8String, Buffer.from('\ufeffa')), TAG.utf8String)).toBe('\ufeffa');
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => derText(bytes, TAG.utf8String) === null || bytes[0] === TAG.utf8String),
    );
  });
});
