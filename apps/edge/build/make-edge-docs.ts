import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTables } from './edge-docs.ts';

/** Brings the tables of docs/edge.md up to date: `node apps/edge/build/make-edge-docs.ts`. A test says when that is due. */
const PAGE = join(import.meta.dirname, '../../../docs/edge.md');
await writeFile(PAGE, withTables(await readFile(PAGE, 'utf8')));
