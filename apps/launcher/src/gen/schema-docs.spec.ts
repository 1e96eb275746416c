import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { fieldTable, recordPage, typeWords } from './schema-docs.ts';

const rows = (text: string): readonly string[] => text.split('\n').slice(2);

it('lists fields with their limits, what is required and what stands in when absent', () => {
  const schema = z.object({
    name: z.string().min(1).max(64),
    count: z.int().min(0).max(9),
    tags: z
      .array(z.enum(['a', 'b']))
      .max(3)
      .default([]),
    note: z.string().optional(),
  });
  expect(rows(fieldTable(schema))).toEqual([
    '| `name` | string (1 to 64 characters) | yes |  |',
    '| `count` | integer (0 to 9) | yes |  |',
    '| `tags` | list of `"a"`, `"b"` (at most 3 entries) |  | `[]` |',
    '| `note` | string |  |  |',
  ]);
});

it('follows objects and lists of objects by path', () => {
  const schema = z.object({ outer: z.object({ inner: z.boolean() }), entries: z.array(z.object({ at: z.int() })) });
  expect(rows(fieldTable(schema)).map((row) => row.split(' | ')[0])).toEqual([
    '| `outer`',
    '| `outer.inner`',
    '| `entries`',
    '| `entries[].at`',
  ]);
});

it('shows each variant of a choice between objects', () => {
  const schema = z.discriminatedUnion('type', [z.object({ type: z.literal('a') }), z.object({ type: z.literal('b') })]);
  expect(fieldTable(schema).match(/^\| field/gm)).toHaveLength(2);
});

it('keeps a pattern with a bar inside its cell', () => {
  expect(fieldTable(z.object({ x: z.string().regex(/^(a|b)$/) }))).toContain('matching `^(a\\|b)$`');
  expect(typeWords({ anyOf: [{ type: 'string' }, { type: 'null' }] })).toBe('string or null');
});

it('makes a section per schema with its direction', () => {
  const page = recordPage('T', 'src', ['intro'], { ping: { schema: z.object({}), direction: 'a -> b', doc: 'Knocks.' } });
  expect(page).toContain('## `ping`\n\n*a -> b.* Knocks.');
  expect(page.endsWith('|\n')).toBe(true);
});
