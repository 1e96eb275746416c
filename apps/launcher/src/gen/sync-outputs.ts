import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Difference {
  readonly file: string;
  readonly is: 'missing' | 'out of date' | 'left over';
}

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** How the generated files on disk differ from what they should be. Everything below `owned` is generated or left over. */
export function differences(root: string, outputs: ReadonlyMap<string, string>, owned: string): readonly Difference[] {
  const wrong = [...outputs].flatMap(([file, text]): readonly Difference[] => {
    const found = readIfThere(path.join(root, file));
    if (found === text) return [];
    return [{ file, is: found === undefined ? 'missing' : 'out of date' }];
  });
  return [...wrong, ...leftOver(root, outputs, owned)];
}

function leftOver(root: string, outputs: ReadonlyMap<string, string>, owned: string): readonly Difference[] {
  const folder = path.join(root, owned);
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !outputs.has(file))
    .map((file) => ({ file, is: 'left over' }));
}

/** Writes what differs and removes what is left over. */
export function write(root: string, outputs: ReadonlyMap<string, string>, wrong: readonly Difference[]): void {
  for (const { file, is } of wrong) {
    const target = path.join(root, file);
    if (is === 'left over') {
      rmSync(target);
      continue;
    }
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, outputs.get(file) ?? '');
  }
}
