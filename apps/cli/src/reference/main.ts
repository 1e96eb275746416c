/** Prints docs/cli.md, of the tree of commands itself. `npm run gen` runs it. */
import { ContextFile } from '../context-file.ts';
import { buildProgram } from '../program.ts';
import { referencePage } from './reference-page.ts';

const { stdin, stdout, stderr } = process;
const program = buildProgram(
  {
    stdin,
    stdout,
    stderr,
    contexts: new ContextFile('contexts.json'),
    signal: new AbortController().signal,
    readFile: () => '',
    now: () => new Date(0),
    environment: { url: undefined, token: undefined },
    mayColor: false,
  },
  'source',
);
stdout.write(referencePage(program));
