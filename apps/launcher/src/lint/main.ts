/** `npm run lint [step…]`: runs the steps in order, all of them even when one fails, and says how long each took. */
import path from 'node:path';
import { LINT_STEPS } from './steps.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !LINT_STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`tidegate lint: no step ${unknown.join(', ')}; there are ${LINT_STEPS.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

const count = { passed: 0, failed: 0, skipped: 0 };
for (const { name, about, run } of LINT_STEPS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}: ${about}`);
  const startMs = performance.now();
  const result = run(root);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const word = typeof result === 'string' ? result : 'skipped';
  count[word] += 1;
  console.log(`-- ${name} ${word} in ${seconds} s${typeof result === 'string' ? '' : ` (${result.skipped})`}`);
}
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed === 0 ? 0 : 1;
