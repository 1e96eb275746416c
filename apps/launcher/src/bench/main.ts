import { execFileSync } from 'node:child_process';
import { measureRow, type Row } from './row.ts';

const RUNS = 9;

/** Each area opens its rows one after the other, so that they do not disturb each other. */
const AREAS: Readonly<Record<string, () => Promise<readonly (() => Promise<Row>)[]>>> = {
  edge: async () => [(await import('./edge-start/edge-start-row.ts')).edgeStartRow],
};

/** What bounds the number of sockets a row may open; rows that need many scale with it. */
const openFilesLimit = (): number | null => {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return /^\d+$/.test(limit) ? Number(limit) : null;
};

async function run(area: string | undefined): Promise<number> {
  const rows = area === undefined ? undefined : AREAS[area];
  if (!rows) {
    process.stderr.write(`tidegate: bench needs an area: ${Object.keys(AREAS).join(', ')}\n`);
    return 2;
  }
  const print = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  let passed = true;
  for (const open of await rows()) {
    const result = await measureRow(await open(), RUNS);
    passed &&= result.pass;
    print(result);
  }
  print({ bench: passed ? 'pass' : 'fail', area, open_files: openFilesLimit() });
  return passed ? 0 : 1;
}

process.exitCode = await run(process.argv[2]);
