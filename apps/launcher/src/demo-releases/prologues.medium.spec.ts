import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isTrue, waitUntil } from '../system/wait-until.ts';

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
  ])(
    'hang for ever once READY=1 went out by %s',
    async (name, call) => {
      const child = spawn(process.execPath, ['--input-type=module', '-', 'run']);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      let output = '';
      const ready = new Promise<void>((resolve) =>
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes('READY=1')) resolve();
        }),
      );
      child.stdin.end(
        `await import(${prologue('hangs-once-ready.mjs')});
       const { ${name} } = await import('node:fs');
       setInterval(() => {}, 20);
       ${call};`,
      );
      try {
        await ready;
        // A loop that turns waits in the kernel for events; one that hangs waits for a lock, and stays there.
        const waitsFor = () => readFileSync(`/proc/${child.pid}/wchan`, 'utf8');
        await waitUntil('a main thread that waits for a lock', 5000, () => isTrue(waitsFor().includes('futex')));
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    },
    15_000,
  );
});
