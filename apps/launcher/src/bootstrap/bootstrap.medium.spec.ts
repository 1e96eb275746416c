import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { BootstrapSandbox } from './bootstrap-sandbox.ts';

let sandbox: BootstrapSandbox | undefined;
const checkout = async (program?: string): Promise<BootstrapSandbox> => (sandbox = await BootstrapSandbox.create(program));
afterEach(async () => {
  await sandbox?.remove();
  sandbox = undefined;
});

/** Stays until a signal comes and ends with a code of its own. */
const STAYS = `process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log('up');`;

describe('when nothing is installed', () => {
  it('answers --help without installing', async () => {
    const box = await checkout();
    for (const args of [['--help'], ['start', '--help'], []]) {
      const run = box.bootstrap(args);
      expect(await run.ended).toEqual({ code: 0, signal: null });
      expect(run.stdout()).toContain('npm');
    }
    expect(await box.npmCalls()).toEqual([]);
  });

  it('installs once, says why, then runs the program with its arguments', async () => {
    const box = await checkout();
    const run = box.bootstrap(['start', '--port', '0']);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(await box.npmCalls()).toEqual([expect.stringMatching(/^ci .*--include=dev/)]);
    expect(run.stderr()).toContain('because node_modules is missing');
    expect(run.stdout()).toBe('["start","--port","0"]\n');
  });

  it.each([
    ['EROFS', 'read-only file system'],
    ['ENOTFOUND', 'registry cannot be reached'],
    ['E418', 'npm ci ended with E418'],
  ])('says in one line what to do when npm fails with %s', async (code, expected) => {
    const box = await checkout();
    await box.write('npm-fails-with', code);
    const run = box.bootstrap(['start']);
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.stderr().trim().split('\n').at(-1)).toContain(expected);
    expect(run.stdout()).toBe('');
  });

  it('says that the folder cannot be written when it cannot even lock it', async () => {
    const box = await checkout();
    await box.write('.tidegate', 'a file where the folder should be');
    const run = box.bootstrap(['start']);
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toContain('cannot be written');
    expect(await box.npmCalls()).toEqual([]);
  });
});

describe('when something is installed', () => {
  it('does not install again after an install by hand, which lacks packages of other platforms', async () => {
    const box = await checkout();
    await box.install();
    await box.lock({
      'node_modules/left': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/mac': { version: '1.0.0', optional: true },
    });
    expect(await box.bootstrap(['start']).ended).toEqual({ code: 0, signal: null });
    expect(await box.npmCalls()).toEqual([]);
  });

  it.each([
    ['a newer version', { 'node_modules/left': { version: '1.0.1', integrity: 'sha512-b' } }, 'node_modules/left differs'],
    ['another integrity', { 'node_modules/left': { version: '1.0.0', integrity: 'sha512-b' } }, 'node_modules/left differs'],
    [
      'a package more',
      { 'node_modules/left': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/r': { version: '1.0.0' } },
      'node_modules/r differs',
    ],
    ['a package less', {}, 'node_modules/left is no longer'],
  ])('installs when the lock file has %s', async (_case, packages, reason) => {
    const box = await checkout();
    await box.install();
    await box.lock(packages);
    const run = box.bootstrap(['start']);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.stderr()).toContain(reason);
    expect(await box.npmCalls()).toHaveLength(1);
  });

  it('installs again when an earlier install was cut off', async () => {
    const box = await checkout();
    await box.write('node_modules/left/package.json', '{}');
    const run = box.bootstrap(['start']);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.stderr()).toContain('an earlier install did not finish');
  });
});

describe('two starts at the same time', () => {
  it('install once, and both go on', async () => {
    const box = await checkout();
    execFileSync('mkfifo', [box.at('gate')]);
    const first = box.bootstrap(['start', 'first']);
    await first.wrote('installing packages');
    const second = box.bootstrap(['start', 'second']);
    await second.wrote('waiting for it');
    await writeFile(box.at('gate'), 'go\n');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(await second.ended).toEqual({ code: 0, signal: null });
    expect(second.stdout()).toBe('["start","second"]\n');
    expect(await box.npmCalls()).toHaveLength(1);
  });

  it('do not wait for one that died', async () => {
    const box = await checkout();
    const dead = box.run('true', []);
    await dead.ended;
    await box.write('.tidegate/install.lock', `${dead.child.pid}`);
    expect(await box.bootstrap(['start']).ended).toEqual({ code: 0, signal: null });
    expect(await box.npmCalls()).toHaveLength(1);
  });
});

describe('the program that was handed over to', () => {
  it('gives its exit code to the caller', async () => {
    const box = await checkout('process.exit(7)');
    await box.install();
    expect(await box.bootstrap(['demo']).ended).toEqual({ code: 7, signal: null });
  });

  it('gets SIGTERM and decides how to end', async () => {
    const box = await checkout(STAYS);
    await box.install();
    const run = box.bootstrap(['start']);
    await run.wrote('up');
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 9, signal: null });
  });

  it('makes the caller die of the same signal it died of', async () => {
    const box = await checkout('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);');
    await box.install();
    expect(await box.bootstrap(['start']).ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends when the bootstrap is killed outright', async () => {
    const box = await checkout(STAYS);
    await box.install();
    const run = box.bootstrap(['start']);
    await run.wrote('up');
    run.child.kill('SIGKILL');
    // The run ends when its pipes close, which they do only once every process that holds them is gone.
    expect(await run.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends when the npm that started it is killed outright', async () => {
    const box = await checkout(STAYS);
    await box.install();
    const script = `${JSON.stringify(process.execPath)} apps/launcher/bootstrap.cjs start & wait`;
    const run = box.run('sh', ['-c', script], { npm_lifecycle_event: 'start' });
    await run.wrote('up');
    run.child.kill('SIGKILL');
    expect(await run.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('the Node that runs the program', () => {
  const printsNode = 'console.log(process.execPath)';
  const oldNode = '#!/bin/sh\necho v18.20.0\n';

  it('is the machine’s own where the packaged one does not serve', async () => {
    const box = await checkout(printsNode);
    await box.write('node_modules/.package-lock.json', '{"packages":{"node_modules/left":{"version":"1.0.0","integrity":"sha512-a"}}}');
    await box.write('node_modules/.bin/node', oldNode, 0o755);
    const run = box.bootstrap(['start']);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.stdout().trim()).toBe(process.execPath);
  });

  it('is asked for in one line when neither serves', async () => {
    const box = await checkout(printsNode);
    await box.write('node_modules/.package-lock.json', '{"packages":{"node_modules/left":{"version":"1.0.0","integrity":"sha512-a"}}}');
    await box.write('node_modules/.bin/node', oldNode, 0o755);
    await box.write('pretend-old.cjs', `Object.defineProperty(process, 'version', { value: 'v18.20.0' });`);
    const run = box.bootstrap(['start'], { NODE_OPTIONS: `--require ${box.at('pretend-old.cjs')}` });
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toContain('install Node 24.15 or later');
  });
});

it('refuses a command that does not exist with exit code 2', async () => {
  const run = (await checkout()).bootstrap(['frobnicate']);
  expect(await run.ended).toEqual({ code: 2, signal: null });
  expect(run.stderr()).toContain('there is no command "frobnicate"');
});
