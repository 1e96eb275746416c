import { relative } from 'node:path';
import pc from 'picocolors';

interface Ready {
  readonly consoleUrl: string;
  readonly password: string;
  readonly dataDir: string;
  readonly nodeCount: number;
  readonly cwd: string;
}

/** What somebody needs to know once everything runs: at most ten lines, and nothing that has to be looked up elsewhere. */
export function banner({ consoleUrl, password, dataDir, nodeCount, cwd }: Ready): string[] {
  const shown = relative(cwd, dataDir).startsWith('..') ? dataDir : relative(cwd, dataDir) || '.';
  const fleet =
    nodeCount === 0
      ? ['  Fleet     none (--no-fleet)']
      : [
          `  Fleet     ${nodeCount} node${nodeCount === 1 ? '' : 's'} on 1.0.0 to begin with; each is a process with its own install root in ${shown}/nodes`,
          '  Try       Upgrade… to 1.1.0 on one node: it proves itself and is committed',
          '            1.2.0, 1.3.0 or 1.6.0 on another: it is bad, and the boot guard takes the node back',
          '            1.4.0 was altered after signing, 1.5.0 is signed by a stranger: refused before anything changes',
        ];
  return [
    '',
    `  Console   ${pc.bold(`${consoleUrl}/admin/nodes`)}`,
    `  Sign in   ${pc.bold('admin')} with ${pc.bold(password)}`,
    ...fleet,
    '  Stop      Ctrl-C; the next start finds the same fleet',
    '',
  ];
}
