/** `npm run gen [-- --check]`: writes the docs and schemas that are derived from the contracts, or says which are out of date. */
import path from 'node:path';
import { outputs } from './outputs.ts';
import { differences, write } from './sync-outputs.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const check = process.argv.includes('--check');

const wanted = outputs();
const wrong = differences(root, wanted, 'docs/schema');
for (const { file, is } of wrong) console.log(`${file}: ${is}${check ? '' : ', corrected'}`);
if (!check) write(root, wanted, wrong);
const verdict = check && wrong.length > 0 ? 'wrong; run npm run gen' : check ? 'wrong' : 'changed';
console.log(`${wanted.size} generated files, ${wrong.length} ${verdict}`);
process.exitCode = check && wrong.length > 0 ? 1 : 0;
