import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import type { Canary } from './canary.ts';

/** The rules that our own configuration sets, without those that come with a preset. */
export async function ownEslintRules(root: string): Promise<readonly string[]> {
  const { default: blocks } = (await import(path.join(root, 'eslint.config.mjs'))) as {
    default: readonly { readonly name?: string; readonly rules?: Readonly<Record<string, unknown>> }[];
  };
  // A block that a preset contributed is named after the preset, with a slash.
  const own = blocks.filter((block) => block.name !== undefined && !block.name.includes('/'));
  const set = own.flatMap((block) => Object.entries(block.rules ?? {}).filter(([, setting]) => setting !== 'off'));
  return [...new Set(set.map(([rule]) => rule))].sort();
}

/** What ESLint says to the files of each canary when they stand where they pretend to stand, by the canary's folder. */
export async function eslintReports(root: string, canaries: readonly Canary[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const texts = new Map(
    canaries.flatMap(({ folder, files }) => files.map((file) => [path.join(root, file), readFileSync(path.join(folder, file), 'utf8')])),
  );
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      files: ['**/*.ts', '**/*.tsx'],
      languageOptions: { parserOptions: { project: null, programs: [pretendProgram(root, texts)] } },
    },
  });
  const reports = new Map<string, ReadonlySet<string>>();
  for (const { folder, files } of canaries) {
    const rules = new Set<string>();
    for (const file of files) {
      const filePath = path.join(root, file);
      const results = await eslint.lintText(texts.get(filePath) ?? '', { filePath });
      for (const message of results.flatMap((result) => result.messages)) rules.add(message.ruleId ?? message.message);
    }
    reports.set(folder, rules);
  }
  return reports;
}

/** One type-checked program of files that are not on disk: one per file took two minutes. */
function pretendProgram(root: string, texts: ReadonlyMap<string, string>): ts.Program {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.base.json'), (file) => ts.sys.readFile(file)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const withMarkup: ts.CompilerOptions = { ...options, jsx: ts.JsxEmit.ReactJSX, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] };
  const host = ts.createCompilerHost(withMarkup, true);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  return ts.createProgram([...texts.keys()], withMarkup, host);
}
