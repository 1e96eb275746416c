import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const MAIN_FILE = 'config.json';
const FRAGMENTS = 'config.d';
const MAX_BYTES = 256 * 1024;

export interface ConfigFile {
  /** Relative to the install root: `config.json` or `config.d/NAME.json`. */
  readonly name: string;
  readonly content: unknown;
}

/** What is wrong with one file or key. Never holds a value: values may be secrets. */
export interface ConfigProblem {
  readonly file: string;
  readonly key: string;
  readonly rule: string;
}

/** `config.json`, then the fragments in the order of their names; files that cannot be used are problems. */
export async function readConfigFiles(root: string): Promise<{ readonly files: ConfigFile[]; readonly problems: ConfigProblem[] }> {
  const files: ConfigFile[] = [];
  const problems: ConfigProblem[] = [];
  const fragments = await fragmentNames(root).catch((error: NodeJS.ErrnoException) => {
    problems.push({ file: FRAGMENTS, key: '', rule: `cannot be read: ${error.code ?? 'unknown'}` });
    return [];
  });
  for (const name of [MAIN_FILE, ...fragments]) {
    const read = await readJson(join(root, name));
    if ('rule' in read) problems.push({ file: name, key: '', rule: read.rule });
    else files.push({ name, content: read.content });
  }
  return { files, problems };
}

async function fragmentNames(root: string): Promise<string[]> {
  const names = await readdir(join(root, FRAGMENTS)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // What editors leave behind (`.x.json.swp`, `x.json~`) is no fragment.
  const fragments = names.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  // By code units, so that the order does not depend on the host's language.
  return fragments.sort().map((name) => `${FRAGMENTS}/${name}`);
}

async function readJson(path: string): Promise<{ readonly content: unknown } | { readonly rule: string }> {
  try {
    // O_NONBLOCK: a FIFO in the file's place must not hang the start.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile()) return { rule: 'is no plain file' };
      if (status.size > MAX_BYTES) return { rule: `is larger than ${MAX_BYTES} bytes` };
      return parse(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { rule: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}` };
  }
}

function parse(text: string): { readonly content: unknown } | { readonly rule: string } {
  try {
    return { content: JSON.parse(text) as unknown };
  } catch {
    return { rule: 'is no JSON' };
  }
}
