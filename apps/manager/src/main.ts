import { runCommand } from './commands/index.ts';

const code = await runCommand(process.argv.slice(2), process.env);
// Not left to the loop: a pool that lingers would keep a finished command for seconds.
if (code !== undefined) process.exit(code);
