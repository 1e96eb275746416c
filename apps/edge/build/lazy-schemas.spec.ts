import { describe, expect, it } from '@jest/globals';
import { withLazySchemas } from './lazy-schemas.ts';

const changed = (source: string): string => withLazySchemas(source, './z.ts').split('\n').slice(1).join('\n');

describe('schemas of a module', () => {
  it.each([
    ['on one line', `export const id = z.uuid();\nexport type Id = 1;`, `export const id = lazily(() => z.uuid());\nexport type Id = 1;`],
    ['of an object', `const a = z.object({\n  b: z.null(),\n});\n`, `const a = lazily(() => z.object({\n  b: z.null(),\n}));\n`],
    ['in a chain', `const a = z\n  .string()\n  .min(1);\nb();`, `const a = lazily(() => z\n  .string()\n  .min(1));\nb();`],
    [
      'with statements within',
      `const a = z.string().superRefine((one, context) => {\n  const b = one;\n  if (b) c();\n});`,
      `const a = lazily(() => z.string().superRefine((one, context) => {\n  const b = one;\n  if (b) c();\n}));`,
    ],
    [
      'with statements in a chain',
      `const a = z\n  .string()\n  .superRefine((one) => {\n    b(one);\n  });\nconst c = 1;`,
      `const a = lazily(() => z\n  .string()\n  .superRefine((one) => {\n    b(one);\n  }));\nconst c = 1;`,
    ],
  ])('%s wait until they are used', (_, source, result) => expect(changed(source)).toBe(result));

  it('are all that is changed', () => {
    const source = `const text = (rule) => z.string();\nconst zebra = 1;\ntype A = z.infer<typeof b>;\n  const c = z.null();`;
    expect(changed(source)).toBe(source);
  });

  it('fail when one has no end', () => {
    expect(() => changed('const a = z.object({')).toThrow('a schema has no end');
  });
});
