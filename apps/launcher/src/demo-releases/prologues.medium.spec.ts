import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const prologue = (name: string) => JSON.stringify(join(import.meta.dirname, 'prologues', name));
/** A stand-in for the edge: `node -` has no argv[2] of its own, so `run` is passed on behind the dash. */
const started = (name: string, then: string, command = 'run') =>
  spawnSync(process.execPath, ['--input-type=module', '-', command], {
    input: `await import(${prologue(name)});\n${then}`,
    encoding: 'utf8',
    timeout: 10_000,
  });

describe('the faults of the demo releases', () => {
  it('end the agent at once with exit code 1, but not its other subcommands', () => {
    expect(started('exits-at-once.mjs', `console.log('served');`)).toMatchObject({ status: 1, stdout: '' });
    expect(started('exits-at-once.mjs', `console.log('served');`, 'version')).toMatchObject({ status: 0, stdout: 'served\n' });
  });

  it('spoil every signature that the agent makes, and none of its other subcommands', () => {
    const check = `
      const { generateKeyPairSync, sign, verify } = await import('node:crypto');
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      console.log(verify(null, Buffer.from('x'), publicKey, sign(null, Buffer.from('x'), privateKey)));`;
    expect(started('never-authenticates.mjs', check).stdout).toBe('false\n');
    expect(started('never-authenticates.mjs', check, 'probe').stdout).toBe('true\n');
  });

  it.each([
    ['write', `write(1, 'READY=1\\n', () => {})`],
    ['writeSync', `writeSync(1, 'READY=1\\n')`],
  ])('hang for ever once READY=1 went out by %s', async (name, call) => {
    const child = spawn(process.execPath, ['--input-type=module', '-', 'run']);
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    let output = '';
    const ready = new Promise<void>((resolve) =>
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('READY=1')) resolve();
      }),
    );
    // SIGTERM has a handler, which a loop that never turns again cannot run.
    child.stdin.end(
      `await import(${prologue('hangs-once-ready.mjs')});
       const { ${name} } = await import('node:fs');
       process.on('SIGTERM', () => process.exit(0));
       setInterval(() => process.stdout.write('turning'), 20);
       ${call};`,
    );
    await ready;
    child.kill('SIGTERM');
    const late = new Promise((resolve) => setTimeout(resolve, 500, 'still there'));
    expect(await Promise.race([ended, late])).toBe('still there');
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
  }, 15_000);
});
