import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const CHECKOUT = join(import.meta.dirname, '../../..');
interface PackageFile {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const read = (folder: string): PackageFile => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFile;

/** As Node looks for it: in the package's own folder first, then above. */
function find(name: string, from: string): { folder: string; file: PackageFile } {
  for (let folder = from; folder !== '/'; folder = join(folder, '..')) {
    try {
      const found = join(folder, 'node_modules', name);
      return { folder: found, file: read(found) };
    } catch {
      continue;
    }
  }
  throw new Error(`${name} is not installed`);
}

/** Every package of others that the edge declares, or that one of those brings: nothing else can get into its bundle. */
function packagesOfOthers(): string[] {
  const seen = new Set<string>();
  const walk = (folder: string, file: PackageFile): void => {
    for (const name of Object.keys(file.dependencies ?? {})) {
      if (seen.has(name)) continue;
      seen.add(name);
      const next = find(name, folder);
      walk(next.folder, next.file);
    }
  };
  const edge = join(CHECKOUT, 'apps/edge');
  walk(edge, read(edge));
  return [...seen].filter((name) => !name.startsWith('@tidegate/')).sort();
}

describe('the edge', () => {
  it('is made of these packages of others, and of no other: each one runs on every node', () => {
    expect(packagesOfOthers()).toEqual([
      '@isaacs/fs-minipass',
      '@sigstore/bundle',
      '@sigstore/core',
      '@sigstore/protobuf-specs',
      '@sigstore/verify',
      'chownr',
      'minipass',
      'minizlib',
      'systemd-notify',
      'tar',
      'undici',
      'ws',
      'yallist',
      'zod',
    ]);
  });
});
