import { jest } from '@jest/globals';
import { runCommand } from '../commands/index.ts';

export interface CommandResult {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** `tidegate-manager ARGS` in this process. */
export async function commandLine(...args: readonly string[]): Promise<CommandResult> {
  const said = { out: '', err: '' };
  const catchInto = (key: 'out' | 'err') => (chunk: unknown) => {
    said[key] += String(chunk);
    return true;
  };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(catchInto('out')),
    jest.spyOn(process.stderr, 'write').mockImplementation(catchInto('err')),
  ];
  try {
    const code = await runCommand(args, {});
    return { code, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
