import { readdirSync } from 'node:fs';
import path from 'node:path';

/** One rule and the files that break it on purpose. */
export interface Canary {
  readonly tool: 'eslint' | 'imports';
  /** What the tool must report, in the tool's own words. */
  readonly rule: string;
  readonly folder: string;
  /** Where the files pretend to stand in the workspace, such as `libs/domain/attempt/src/reads-clock.ts`. */
  readonly files: readonly string[];
}

/**
 * A fixture's folder is `<tool>/<rule>` or `<tool>/<rule>~<case>`, with `+` for the slash of a plugin's rule. At least one of
 * its files must be reported with that rule; the others are there to be imported.
 */
export const findCanaries = (fixtures: string): readonly Canary[] =>
  (['eslint', 'imports'] as const).flatMap((tool) =>
    subfolders(path.join(fixtures, tool)).map((name): Canary => {
      const folder = path.join(fixtures, tool, name);
      const [rule = name] = name.split('~');
      return { tool, rule: rule.replace('+', '/'), folder, files: filesBelow(folder) };
    }),
  );

const subfolders = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
