import { spawn } from 'node:child_process';
import { CodedError } from '@tidegate/contract-errors';

const KEPT_OUTPUT_BYTES = 4000;

/**
 * Runs a program of this checkout to its end with the Node that runs this one. Refuses with `build_failed` when it ends
 * with anything but 0; its last output goes to stderr then, because a build's error is for people.
 */
export function runToEnd(cwd: string, args: readonly string[], what: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-KEPT_OUTPUT_BYTES)));
    child.on('error', reject);
    child.on('close', (code, endedBy) => {
      if (code === 0) return resolve(output);
      if (!signal?.aborted) process.stderr.write(`${errors || output.slice(-KEPT_OUTPUT_BYTES)}\n`);
      return reject(new CodedError('build_failed', { part: what, ended: endedBy ?? code ?? 'unknown' }));
    });
  });
}

/** Runs tasks at most `atOnce` at a time; the first failure is thrown once the running ones have ended. */
export async function inLanes<T>(tasks: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results: T[] = [];
  const waiting = [...tasks.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, task] = next;
      try {
        results[index] = await task();
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, tasks.length) }, lane));
  const failed = lanes.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return results;
}
