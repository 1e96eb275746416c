import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { isErrorCode } from '@tidegate/contract-errors';
import { sourceFiles, textOf } from '../lint/source-files.ts';
import { outputs } from './outputs.ts';
import { differences, write } from './sync-outputs.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gen-'));
  await mkdir(path.join(root, 'docs/schema'), { recursive: true });
  await writeFile(path.join(root, 'docs/old.md'), 'old');
  await writeFile(path.join(root, 'docs/kept.md'), 'kept');
  await writeFile(path.join(root, 'docs/schema/gone.json'), '{}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const wanted = new Map([
  ['docs/old.md', 'new'],
  ['docs/kept.md', 'kept'],
  ['docs/schema/deep/born.json', '{}'],
]);

it('names what is missing, out of date and left over, and nothing else', () => {
  expect(differences(root, wanted, 'docs/schema')).toEqual([
    { file: 'docs/old.md', is: 'out of date' },
    { file: 'docs/schema/deep/born.json', is: 'missing' },
    { file: 'docs/schema/gone.json', is: 'left over' },
  ]);
});

it('leaves no difference after writing', async () => {
  write(root, wanted, differences(root, wanted, 'docs/schema'));
  expect(differences(root, wanted, 'docs/schema')).toEqual([]);
  expect(await readFile(path.join(root, 'docs/old.md'), 'utf8')).toBe('new');
});

it('makes the same bytes each time', () => {
  expect([...outputs()]).toEqual([...outputs()]);
});

it('finds no code in the sources that the registry lacks', () => {
  const checkout = path.resolve(import.meta.dirname, '../../../..');
  const code = /\b(?:CodedError|refuse)\(\s*'([^']+)'/g;
  const named = sourceFiles(checkout)
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('/fixtures/'))
    .flatMap((file) => [...(textOf(checkout, file) ?? '').matchAll(code)].map(([, name = '']) => `${name} in ${file}`));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((line) => !isErrorCode(line.split(' ')[0] ?? ''))).toEqual([]);
});
