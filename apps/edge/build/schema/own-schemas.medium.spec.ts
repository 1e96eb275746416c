import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import fc from 'fast-check';
import { ownSchemas } from '../own-schemas.ts';
import { SAMPLES } from './samples.ts';
import * as real from './schemas-of-the-agent.ts';

interface Issue {
  readonly path: PropertyKey[];
  readonly message: string;
}
interface Schema {
  safeParse(value: unknown): { success: boolean; data?: unknown; error?: { issues: readonly Issue[] } };
}
type Name = keyof typeof real;

const names = Object.keys(real) as Name[];
let folder: string;
let own: Record<Name, Schema>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-schemas-'));
  const outfile = join(folder, 'schemas.mjs');
  const entry = join(import.meta.dirname, 'schemas-of-the-agent.ts');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    plugins: [ownSchemas],
    // For the WebSocket library, which the configuration's rules bring along.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  });
  expect(await readFile(outfile, 'utf8')).not.toContain('node_modules/zod');
  own = (await import(outfile)) as Record<Name, Schema>;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outcome = (schema: Schema, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  // As text too: the order of keys is what a digest over it would see.
  if (parsed.success) return { data: parsed.data, text: JSON.stringify(parsed.data) };
  return { issues: parsed.error?.issues.map(({ path, message }) => ({ path: [...path], message })) };
};

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\n',
    'x'.repeat(65),
    'x'.repeat(5000),
    '😀'.repeat(33),
    '😀'.repeat(64),
    '0644',
    'stable',
    '1.2.3',
    '1.0.0-rc.1',
  ),
  fc.constantFrom(
    'https://a.b',
    ' https://a.b/c\td ',
    'http:a',
    'ftp://a',
    'a',
    '2026-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01T00:00',
  ),
  fc.uuid(),
  fc.stringMatching(/^[0-9a-f]{63,65}$/),
);
const numbers = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, -1, 0.5, 1, 2, 64, 65_536, 2 ** 31, Number.MAX_SAFE_INTEGER, 2 ** 53, -(2 ** 60), 1e300, NaN, Infinity),
);
const keys = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'type', 'kind', 'id', 'unknown', ''), fc.string());
const plain = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null), fc.constant(undefined));
const values = fc.oneof(
  { weight: 4, arbitrary: plain },
  fc.array(plain, { maxLength: 5 }),
  fc.dictionary(keys, plain, { maxKeys: 4 }),
  fc.json().map((text) => JSON.parse(text) as unknown),
);

/** A copy with something else at one or more places. */
function altered(sample: unknown, changes: readonly (readonly [where: number, act: string, key: string, value: unknown])[]): unknown {
  let whole: unknown = structuredClone(sample);
  for (const [where, act, key, given] of changes) {
    // Its own each time: one that was added into itself would have no end.
    const value: unknown = structuredClone(given);
    const places: [Record<string, unknown>, string][] = [];
    const walk = (at: unknown): void => {
      if (typeof at !== 'object' || at === null) return;
      for (const inner of Object.keys(at)) {
        places.push([at as Record<string, unknown>, inner]);
        walk((at as Record<string, unknown>)[inner]);
      }
    };
    walk(whole);
    const [holder, name] = places[where % (places.length + 1)] ?? [];
    if (!holder || name === undefined) whole = value;
    else if (act === 'remove') delete holder[name];
    else if (act === 'add') Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
    else if (act === 'repeat' && Array.isArray(holder))
      // By index: an earlier change may have given the list a `constructor` of its own, which its methods would call.
      for (let copied = 0, length = holder.length; copied < 2 * Math.min(length, 60); copied += 1)
        Array.prototype.push.call(holder, holder[copied % length]);
    else holder[name] = value;
  }
  return whole;
}

const polluted = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('polluted' in value || Object.values(value).some(polluted));

const change = fc.tuple(fc.nat(2000), fc.constantFrom('set', 'set', 'set', 'remove', 'add', 'repeat'), keys, values);

describe('the schemas of a built agent and those of everybody else', () => {
  it.each(names)('take the same samples of %s', (name) => {
    const taken = SAMPLES[name].filter((sample) => (real[name] as Schema).safeParse(sample).success);
    expect(taken).toEqual(SAMPLES[name]);
    for (const sample of SAMPLES[name]) expect(outcome(own[name], sample)).toEqual(outcome(real[name], sample));
  });

  it.each(names)('say the same of whatever is given for %s', (name) => {
    const given = fc.tuple(fc.constantFrom(...SAMPLES[name]), fc.array(change, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(given, ([sample, changes]) => {
        const value = altered(sample, changes);
        expect(outcome(own[name], value)).toEqual(outcome(real[name], value));
      }),
      { numRuns: 1500 },
    );
  });

  it.each(names)('make no prototype of a key in %s', (name) => {
    const everywhere = Array.from({ length: 60 }, (_, where) => [where * 2, 'add', '__proto__', { polluted: true }] as const);
    for (const sample of SAMPLES[name]) {
      const { data } = own[name].safeParse(altered(sample, everywhere));
      expect(polluted(data)).toBe(false);
    }
  });

  it.each(names)('say the same of anything at all for %s', (name) => {
    fc.assert(
      fc.property(fc.anything(), (value) => expect(outcome(own[name], value)).toEqual(outcome(real[name] as Schema, value))),
      { numRuns: 300 },
    );
  });
});
