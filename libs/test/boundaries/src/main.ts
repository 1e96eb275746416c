/**
 * Proves that every rule which guards a boundary still bites: each has a fixture that breaks it, and this fails when a
 * fixture passes or a rule has none. A boundary that nobody tested is no boundary.
 *
 * Usage: main.ts [folder of fixtures]
 */
import path from 'node:path';
import { findCanaries, type Canary } from './canary.ts';
import { eslintReports, ownEslintRules } from './eslint-reports.ts';
import { importReports, importRules } from './import-reports.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const given = process.argv[2];
const fixtures = path.resolve(given ?? path.join(import.meta.dirname, '../fixtures'));

const canaries = findCanaries(fixtures);
const of = (tool: Canary['tool']): readonly Canary[] => canaries.filter((canary) => canary.tool === tool);
const reports = new Map([...(await importReports(root, of('imports'))), ...(await eslintReports(root, of('eslint')))]);

let failures = 0;
const fail = (line: string): void => {
  failures += 1;
  console.log(line);
};
for (const { tool, rule, folder } of canaries) {
  const reported = reports.get(folder) ?? new Set();
  if (!reported.has(rule)) fail(`${tool} ${path.basename(folder)}: not caught (reported: ${[...reported].join(', ') || 'nothing'})`);
}
// A folder of someone else's choosing tests the fixtures in it, not whether it is complete.
const required =
  given === undefined ? { eslint: await ownEslintRules(root), imports: await importRules(root) } : { eslint: [], imports: [] };
for (const tool of ['eslint', 'imports'] as const)
  for (const rule of required[tool])
    if (!canaries.some((canary) => canary.tool === tool && canary.rule === rule)) fail(`${tool} ${rule}: has no fixture`);

console.log(`${canaries.length} canaries, ${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
