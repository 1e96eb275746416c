import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import type { Canary } from './canary.ts';

interface Rules {
  readonly forbidden: readonly { readonly name: string }[];
  readonly options: ICruiseOptions;
}

const loadRules = async (root: string): Promise<Rules> =>
  ((await import(path.join(root, '.dependency-cruiser.mjs'))) as { default: Rules }).default;

export const importRules = async (root: string): Promise<readonly string[]> => (await loadRules(root)).forbidden.map((rule) => rule.name);

/** What dependency-cruiser says to the files of each canary, by the canary's folder. */
export async function importReports(root: string, canaries: readonly Canary[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const workspace = await realpath(await mkdtemp(path.join(tmpdir(), 'canaries-')));
  try {
    await pretendWorkspace(root, workspace);
    const reports = new Map<string, ReadonlySet<string>>();
    for (const canary of canaries) {
      for (const file of canary.files) await cp(path.join(canary.folder, file), path.join(workspace, file));
      reports.set(canary.folder, await cruiseFiles(root, workspace, canary.files));
      for (const file of canary.files) await rm(path.join(workspace, file));
    }
    return reports;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/**
 * A copy of the workspace in which every package has an empty door. Package names have to resolve to paths such as
 * `libs/adapter/systemd`, which the rules are about, and the real tree must not hold files that break its rules.
 */
async function pretendWorkspace(root: string, workspace: string): Promise<void> {
  const modules = path.join(workspace, 'node_modules');
  await mkdir(path.join(modules, '@tidegate'), { recursive: true });
  for (const name of await readdir(path.join(root, 'node_modules')))
    if (!name.startsWith('.') && name !== '@tidegate') await symlink(path.join(root, 'node_modules', name), path.join(modules, name));
  for (const name of await readdir(path.join(root, 'node_modules/@tidegate'))) {
    const folder = path.relative(root, await realpath(path.join(root, 'node_modules/@tidegate', name)));
    await mkdir(path.join(workspace, folder, 'src'), { recursive: true });
    await cp(path.join(root, folder, 'package.json'), path.join(workspace, folder, 'package.json'));
    await writeFile(path.join(workspace, folder, 'src/index.ts'), 'export {};\n');
    await symlink(path.join(workspace, folder), path.join(modules, '@tidegate', name));
  }
  for (const file of ['package.json', 'tsconfig.base.json'])
    await writeFile(path.join(workspace, file), await readFile(path.join(root, file)));
}

async function cruiseFiles(root: string, workspace: string, files: readonly string[]): Promise<ReadonlySet<string>> {
  const { forbidden, options } = await loadRules(root);
  const { tsConfig: _tsConfig, enhancedResolveOptions, ...rest } = options;
  const sources = files.filter((file) => /\.tsx?$/.test(file));
  const { output } = await cruise(
    sources,
    { ...rest, baseDir: workspace, validate: true, ruleSet: { forbidden: forbidden as never } },
    {
      ...enhancedResolveOptions,
    },
  );
  return new Set((output as ICruiseResult).summary.violations.map((violation) => violation.rule.name));
}
