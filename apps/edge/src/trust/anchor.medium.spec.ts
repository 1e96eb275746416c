import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { trustAnchorProblems } from '@tidegate/domain-trust-policy';
import { TRUST_ANCHOR } from './anchor.ts';

const sources = (folder: URL): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.includes('.spec.'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));

describe('what a release of the edge trusts', () => {
  it('is an anchor for releases without a problem', () => {
    expect(TRUST_ANCHOR.purpose).toBe('release');
    expect(trustAnchorProblems(TRUST_ANCHOR)).toEqual([]);
  });

  it('is made of constants: its modules import nothing that can read an environment, a file or a network', () => {
    const text = sources(new URL('./', import.meta.url)).join('\n');
    const imported = [...text.matchAll(/(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, name]) => name);
    expect(new Set(imported)).toEqual(new Set(['@tidegate/contract-manifest', '@tidegate/domain-trust-policy', './public-good-root.ts']));
    expect(text).not.toMatch(/\b(process|globalThis|fetch|import\s*\(|import\.meta)\b/);
  });

  it('is all the verifier knows: nothing in it reads the environment, a file or a network', () => {
    const text = sources(new URL('../../../../libs/adapter/sigstore/src/', import.meta.url)).join('\n');
    expect(text).not.toMatch(/process\.|globalThis|\bfetch\b|node:(fs|http|https|net|tls|process|child_process)/);
  });
});
