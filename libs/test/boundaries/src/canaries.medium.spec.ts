import { spawnSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from '@jest/globals';

let fixtures: string;
afterEach(() => rm(fixtures, { recursive: true, force: true }));

it('fails on a fixture that its rule does not report, and names what was reported instead', async () => {
  fixtures = await mkdtemp(path.join(tmpdir(), 'fixtures-'));
  const write = async (fixture: string, file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(fixtures, fixture, file)), { recursive: true });
    await writeFile(path.join(fixtures, fixture, file), text);
  };
  await write('imports/layer-domain', 'libs/domain/attempt/src/harmless.ts', `import '@tidegate/contract-errors';\n`);
  await write('imports/domain-no-npm', 'libs/domain/attempt/src/harmful.ts', `import 'zod';\n`);
  await write('eslint/eqeqeq', 'libs/engine/upgrade/src/other-fault.ts', `export const anything: any = 1;\n`);

  const { status, stdout } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'main.ts'), fixtures], { encoding: 'utf8' });
  // Where lint has not run yet there is no project graph, and Nx says so between our lines.
  const lines = stdout.split('\n').filter((line) => /^(eslint|imports|\d+ canaries)/.test(line));
  expect(lines).toEqual([
    'eslint eqeqeq: not caught (reported: @typescript-eslint/no-explicit-any)',
    'imports layer-domain: not caught (reported: nothing)',
    '3 canaries, 2 failures',
  ]);
  expect(status).toBe(1);
});
