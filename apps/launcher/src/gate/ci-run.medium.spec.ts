import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const CHECKOUT = path.resolve(import.meta.dirname, '../../../..');
const asRoot = process.getuid?.() === 0;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gate-'));
  await cp(path.join(CHECKOUT, '.ci/run'), path.join(root, '.ci/run'));
  await mkdir(path.join(root, 'apps/launcher/bootstrap'), { recursive: true });
  await installs('');
  // Every program that the gate would install counts as there, so that this test never reaches for a package manager.
  for (const program of ['chromium', 'busybox', 'dash', 'shellcheck', 'setpriv', 'flock', 'git']) await fakeProgram(program, '');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const installs = (fault: string): Promise<void> =>
  writeFile(path.join(root, 'apps/launcher/bootstrap/install.cjs'), `exports.ensureInstalled = async () => { ${fault} };`);

async function fakeProgram(name: string, script: string): Promise<void> {
  const file = path.join(root, 'bin', name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/** What each phase prints, and with which exit code it ends. */
interface Phases {
  readonly lint?: string;
  readonly test?: string;
  readonly demo?: string;
  readonly e2e?: string;
}
const LINE = 'echo "2 passed, 0 failed, 0 skipped"';
const DEMO = `echo '{"step":"fleet","ok":true}'; echo '{"demo":"pass"}'`;

async function gate({ lint = LINE, test = LINE, demo = DEMO, e2e = LINE }: Phases = {}): Promise<{
  code: number | null;
  last: string | undefined;
}> {
  await fakeProgram('npm', `case "$*" in *lint*) ${lint};; *demo*) ${demo};; *e2e*) ${e2e};; test*) ${test};; esac`);
  const searchPath = `${path.join(root, 'bin')}:${process.env['PATH'] ?? ''}`;
  const { status, stdout } = spawnSync('bash', [path.join(root, '.ci/run')], { env: { PATH: searchPath }, encoding: 'utf8' });
  return { code: status, last: stdout.trim().split('\n').at(-1) };
}

describe('the gate', () => {
  it('adds up the closing lines and the steps of the demo', async () => {
    expect(await gate()).toEqual({ code: 0, last: '7 passed, 0 failed, 0 skipped' });
  });

  it.each<[string, Phases, string]>([
    ['a test failed', { test: 'echo "1 passed, 1 failed, 0 skipped"; exit 1' }, '6 passed, 1 failed, 0 skipped'],
    ['a phase died before it counted', { e2e: 'exit 137' }, '5 passed, 1 failed, 0 skipped'],
    ['a phase counted and then died', { lint: `${LINE}; exit 1` }, '7 passed, 1 failed, 0 skipped'],
    ['a phase ended well without counting', { test: 'true' }, '5 passed, 1 failed, 0 skipped'],
    ['a step of the demo failed', { demo: `echo '{"ok":false}'; echo '{"demo":"fail"}'; exit 1` }, '6 passed, 2 failed, 0 skipped'],
    ['the demo ended without a verdict', { demo: `echo '{"ok":true}'` }, '7 passed, 1 failed, 0 skipped'],
  ])('fails when %s', async (_case, phases, last) => {
    expect(await gate(phases)).toEqual({ code: 1, last });
  });

  it('fails on a skipped test as root, where nothing excuses it, and as nobody else', async () => {
    const { code, last } = await gate({ test: 'echo "2 passed, 0 failed, 1 skipped"' });
    expect(last).toBe('7 passed, 0 failed, 1 skipped');
    expect(code).toBe(asRoot ? 1 : 0);
  });

  it('goes no further when packages cannot be installed', async () => {
    await installs('throw new Error("no registry")');
    expect(await gate()).toEqual({ code: 1, last: '0 passed, 1 failed, 0 skipped' });
  });
});
