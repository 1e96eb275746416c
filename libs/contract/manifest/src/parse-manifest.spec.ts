import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS, parseManifest, releaseVersion, slotPathProblem } from './index.ts';

const digest = 'a'.repeat(64);
const file = (path: string, mode = '0644') => ({ path, mode, size: 1, sha256: digest });
const whole = (files = [file('bin/edge', '0755'), file('lib/main.mjs')], change: Record<string, unknown> = {}) => ({
  schema: 1,
  device_type: 'edge',
  version: '1.2.3',
  channel: 'stable',
  released_at: '2026-01-01T00:00:00Z',
  sequence: 1,
  source: { repository: 'https://example.com/edge', revision: 'b'.repeat(40) },
  artefacts: [
    {
      arch: 'x64',
      variant: 'full',
      name: 'edge.tar.gz',
      size: 5,
      sha256: digest,
      format: 'tar.gz',
      chunk_size: 65_536,
      chunk_sha256: [digest],
      unpacked_size: files.length,
      entrypoint: 'bin/edge',
      files,
      ...change,
    },
  ],
});
const parse = (value: unknown) => parseManifest(new TextEncoder().encode(JSON.stringify(value)));

describe('a manifest', () => {
  it('is taken when it keeps every rule, and unknown fields are ignored', () => {
    expect(parse({ ...whole(), from_the_future: 1 })).toMatchObject({ ok: true, value: { version: '1.2.3' } });
  });

  const tricks: readonly [string, unknown][] = [
    ['a file twice', whole([file('bin/edge', '0755'), file('a'), file('a')])],
    ['two names that differ in case', whole([file('bin/edge', '0755'), file('Read'), file('read')])],
    ['two names that are one under NFKC', whole([file('bin/edge', '0755'), file('ﬁle'), file('file')])],
    ['a file that is also a folder', whole([file('bin/edge', '0755'), file('bin')])],
    ['a manifest of its own', whole([file('bin/edge', '0755'), file('manifest.json')])],
    ['a signature of its own', whole([file('bin/edge', '0755'), file('manifest.sig.bundle')])],
    ['a manifest of its own in another case', whole([file('bin/edge', '0755'), file('Manifest.JSON')])],
    ['a folder in the place of its manifest', whole([file('bin/edge', '0755'), file('manifest.json/a')])],
    ['an entry point that is not executable', whole([file('bin/edge')])],
    ['an entry point that is not listed', whole([file('bin/other', '0755')])],
    ['setuid', whole([file('bin/edge', '4755')])],
    ['a wrong sum of sizes', whole(undefined, { unpacked_size: 7 })],
    ['too few chunks', whole(undefined, { size: 70_000 })],
    ['a chunk larger than the limit', whole(undefined, { chunk_size: LIMITS.chunkBytes + 1 })],
    ['an asset name with a path', whole(undefined, { name: '../edge.tar.gz' })],
    ['a newer schema', { ...whole(), schema: 2 }],
    ['a version with a path', { ...whole(), version: '1.2.3/../../etc' }],
    ['a sequence of zero', { ...whole(), sequence: 0 }],
    ['plain http', { ...whole(), source: { repository: 'http://example.com', revision: 'b'.repeat(40) } }],
    ['a prototype in place of a map', { ...whole(), config: { env: [{ name: '__proto__ x' }] } }],
  ];
  it.each(tricks)('with %s is refused', (_, value) => {
    expect(parse(value)).toMatchObject({ ok: false, code: 'upgrade_manifest_invalid' });
  });

  it('may bring a manifest.json below its top', () => {
    expect(parse(whole([file('bin/edge', '0755'), file('lib/manifest.json')]))).toMatchObject({ ok: true });
  });

  it('over the cap is refused before it is parsed', () => {
    expect(parseManifest(new Uint8Array(LIMITS.manifestBytes + 1))).toMatchObject({ ok: false, details: { rule: 'too large' } });
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => parseManifest(bytes).ok === false));
    fc.assert(fc.property(fc.jsonValue(), (value) => parse(value).ok === false));
  });
});

describe('a path in a slot', () => {
  it.each(['a', 'bin/edge', 'lib/node_modules/@x/y-1.0.js', 'ünï/cödé'])('%s may be', (path) => {
    expect(slotPathProblem(path)).toBeNull();
  });
  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    './a',
    'a/',
    'a\\b',
    'a\u0000b',
    'a\nb',
    'a\u202eb',
    'a./b',
    'a ',
    'x'.repeat(300),
    Array(30).fill('d').join('/'),
  ])('%j may not', (path) => {
    expect(slotPathProblem(path)).not.toBeNull();
  });
});

describe('a version', () => {
  it.each(['1.2.3', '0.0.0', '1.2.3-rc.1', '1.0.0-alpha-b.7'])('%s is one', (text) => {
    expect(releaseVersion.safeParse(text).success).toBe(true);
  });
  it.each([
    'v1.2.3',
    '1.2',
    '1.2.3+build',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '../1.2.3',
    '1.2.3/..',
    '1.2.3\n',
    ' 1.2.3',
    '',
    `1.2.3-${'a'.repeat(70)}`,
    '9'.repeat(12) + '.0.0',
  ])('%j is none', (text) => {
    expect(releaseVersion.safeParse(text).success).toBe(false);
  });
});
