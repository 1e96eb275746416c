import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { generate } from './make-public-good-root.ts';

const REPOSITORY = 'https://tuf-repo-cdn.sigstore.dev';
const seeds = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@sigstore/tuf/seeds.json'), 'utf8'));
const rootOf = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString());
const seedsOf = (root: unknown) => ({
  [REPOSITORY]: { targets: { 'trusted_root.json': Buffer.from(JSON.stringify(root)).toString('base64') } },
});

describe('the generated trusted root', () => {
  it('is what the pinned seeds hold', () => {
    const checkedIn = readFileSync(new URL('../src/trust/public-good-root.ts', import.meta.url), 'utf8');
    expect(generate(seeds)).toBe(checkedIn);
  });

  it('is refused when a key or an authority does not say since when it counts', () => {
    for (const path of [
      ['tlogs', 0, 'publicKey'],
      ['ctlogs', 1, 'publicKey'],
      ['certificateAuthorities', 0],
      ['timestampAuthorities', 0],
    ] as const) {
      const root = rootOf(seeds[REPOSITORY].targets['trusted_root.json']) as Record<string, never>;
      const holder = path.reduce<Record<string, never>>((value, key) => value[key] as unknown as Record<string, never>, root);
      delete (holder['validFor'] as unknown as { start?: string }).start;
      expect(() => generate(seedsOf(root))).toThrow(`${path[0]}[${path[1]}]`);
    }
  });

  it('is refused when the seeds hold none', () => {
    expect(() => generate({})).toThrow('no trusted root');
  });
});
