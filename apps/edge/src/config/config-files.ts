import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
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
export function readConfigFiles(root: string): { readonly files: ConfigFile[]; readonly problems: ConfigProblem[] } {
  const files: ConfigFile[] = [];
  const problems: ConfigProblem[] = [];
  const fragments = fragmentNames(root);
  if (!Array.isArray(fragments)) problems.push({ file: FRAGMENTS, key: '', rule: fragments.rule });
  for (const name of [MAIN_FILE, ...(Array.isArray(fragments) ? fragments : [])]) {
    const read = readJson(join(root, name));
    if ('rule' in read) problems.push({ file: name, key: '', rule: read.rule });
    else files.push({ name, content: read.content });
  }
  return { files, problems };
}

function fragmentNames(root: string): string[] | { readonly rule: string } {
  let names: string[];
  try {
    names = readdirSync(join(root, FRAGMENTS));
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? [] : { rule: `cannot be read: ${code}` };
  }
  // What editors leave behind (`.x.json.swp`, `x.json~`) is no fragment.
  const fragments = names.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  // By code units, so that the order does not depend on the host's language.
  return fragments.sort().map((name) => `${FRAGMENTS}/${name}`);
}

function readJson(path: string): { readonly content: unknown } | { readonly rule: string } {
  try {
    // O_NONBLOCK: a FIFO in the file's place must not hang the start.
    const opened = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = fstatSync(opened);
      if (!status.isFile()) return { rule: 'is no plain file' };
      if (status.size > MAX_BYTES) return { rule: `is larger than ${MAX_BYTES} bytes` };
      return parse(readFileSync(opened, 'utf8'));
    } finally {
      closeSync(opened);
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
