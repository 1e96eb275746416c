import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isShellScript, sourceFiles, textOf } from './source-files.ts';
import { strayMarks } from './stray-marks.ts';

export type StepResult = 'passed' | 'failed' | { readonly skipped: string };
export interface LintStep {
  readonly name: string;
  readonly about: string;
  readonly run: (root: string) => StepResult;
}

const tool =
  (program: string, ...args: readonly string[]) =>
  (root: string): StepResult =>
    spawnSync(process.execPath, [path.join('node_modules', program), ...args], { cwd: root, stdio: 'inherit' }).status === 0
      ? 'passed'
      : 'failed';

const script = (file: string, ...args: readonly string[]) => tool(path.join('..', file), ...args);

/** Passes only if every run does; runs all of them, so that one run shows all that is wrong. */
const all =
  (...runs: readonly LintStep['run'][]): LintStep['run'] =>
  (root) =>
    runs.map((run) => run(root)).every((result) => result === 'passed') ? 'passed' : 'failed';

const shell: LintStep['run'] = (root) => {
  const scripts = sourceFiles(root).filter((file) => isShellScript(file, textOf(root, file) ?? ''));
  const { error, status } = spawnSync('shellcheck', ['--', ...scripts], { cwd: root, stdio: 'inherit' });
  // On a person's machine a missing tool is no fault of the code; in CI it would be a check that silently stopped.
  if (error && !process.env['CI']) return { skipped: 'shellcheck is not installed' };
  if (error) console.log('shellcheck is not installed');
  return !error && status === 0 ? 'passed' : 'failed';
};

const marks: LintStep['run'] = (root) => {
  const lines = sourceFiles(root).flatMap((file) => strayMarks(file, textOf(root, file) ?? ''));
  for (const line of lines) console.log(line);
  return lines.length === 0 ? 'passed' : 'failed';
};

/** In this order: the graph before eslint, whose module-boundary rule silently skips itself without one. */
export const LINT_STEPS: readonly LintStep[] = [
  { name: 'format', about: 'prettier', run: tool('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.') },
  { name: 'graph', about: 'what the module-boundary rule looks at', run: tool('nx/dist/bin/nx.js', 'graph', '--file=.nx/graph.json') },
  { name: 'eslint', about: 'rules of the code', run: tool('eslint/bin/eslint.js', '.', '--max-warnings=0') },
  {
    name: 'imports',
    about: 'who may import whom',
    run: tool('dependency-cruiser/bin/dependency-cruise.mjs', 'apps', 'libs', '--output-type=err'),
  },
  {
    name: 'unused',
    about: 'files, exports and dependencies nobody needs',
    run: tool('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
  },
  {
    name: 'types',
    about: 'the whole tree, then the console in its browser world',
    run: all(tool('typescript/bin/tsc', '-p', 'tsconfig.base.json'), tool('typescript/bin/tsc', '-p', 'apps/console', '--noEmit')),
  },
  { name: 'shell', about: 'shellcheck', run: shell },
  { name: 'canaries', about: 'every boundary rule still bites', run: script('libs/test/boundaries/src/main.ts') },
  { name: 'gen', about: 'generated files are up to date', run: script('apps/launcher/src/gen/main.ts', '--check') },
  { name: 'marks', about: 'paths of one machine, registry hosts, unfinished places, addresses', run: marks },
];
