import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { badUsage, Ending, EXIT_MEANINGS } from './ending.ts';
import type { Surroundings } from './session.ts';

const MAX_SECRET_CHARACTERS = 4096;

/** A secret from a file, or from stdin for `-`: never from the command line, which every process of the machine may read. */
export async function secretFrom(file: string, from: Surroundings): Promise<string> {
  const given = (file === '-' ? await text(from.stdin) : from.readFile(file)).replace(/\r?\n$/, '');
  if (given !== '' && given.length <= MAX_SECRET_CHARACTERS && !given.includes('\n')) return given;
  throw badUsage(`${file === '-' ? 'stdin' : file} does not hold one line.`);
}

/** Asks on the terminal; the question goes to stderr, so that stdout stays data. */
export async function ask(question: string, from: Surroundings): Promise<string> {
  needsTerminal(question, from);
  const lines = createInterface({ input: from.stdin, output: from.stderr, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('SIGINT', () => reject(interrupted()));
      lines.once('close', () => reject(interrupted()));
      lines.question(`${question}: `, resolve);
    });
  } finally {
    lines.close();
  }
}

/** As `ask`, without showing what is typed. */
export async function askSecret(question: string, from: Surroundings): Promise<string> {
  needsTerminal(question, from);
  const { stdin, stderr } = from;
  // Before the question: what is typed the moment it appears would still be echoed by the terminal.
  stdin.setRawMode(true);
  stderr.write(`${question}: `);
  stdin.setEncoding('utf8');
  stdin.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = '';
      const take = (chunk: string): void => {
        for (const key of chunk) {
          if (key === '\r' || key === '\n') return settle(() => resolve(typed));
          if (key === '\u0003' || key === '\u0004') return settle(() => reject(interrupted()));
          typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : (typed + key).slice(0, MAX_SECRET_CHARACTERS);
        }
      };
      const settle = (then: () => void): void => {
        stdin.off('data', take);
        then();
      };
      stdin.on('data', take);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

const interrupted = (): Ending =>
  new Ending('interrupted', { code: 'interrupted', meaning: EXIT_MEANINGS.interrupted, hint: 'Nothing was sent.' });

function needsTerminal(question: string, { stdin }: Surroundings): void {
  if (!stdin.isTTY) throw badUsage(`There is no terminal to ask for ${question.toLowerCase()}.`, 'Give it by a file, or by stdin with -.');
}
