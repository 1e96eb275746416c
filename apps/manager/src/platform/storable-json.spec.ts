import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { storableJson, storableText } from './storable-json.ts';

describe('storableJson', () => {
  it('is the value as it is, but for what PostgreSQL refuses', () => {
    const clean = (text: string): string => text.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');
    const text = fc.string({ unit: 'binary' }).map((value) => value.slice(0, 20));
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.constantFrom('\u0000', '\ud800', '\\u0000', '\\ud800', '\udc00x', '\u{1f600}'))), (texts) => {
        expect(JSON.parse(storableJson({ texts, nested: [{ [texts[0] ?? 'a']: null }] }))).toEqual({
          texts: texts.map(clean),
          nested: [{ [clean(texts[0] ?? 'a')]: null }],
        });
        for (const one of texts) expect(storableText(one)).toBe(clean(one));
      }),
    );
  });
});
