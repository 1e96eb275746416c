import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** One file with everything in it: what is installed needs Node 24 and nothing else. */
const appDir = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = process.argv[2] ?? join(appDir, 'dist/tidegate.mjs');
const { version } = JSON.parse(await readFile(join(appDir, 'package.json'), 'utf8')) as { version: string };

await build({
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minifySyntax: true,
  logLevel: 'warning',
  entryPoints: [join(appDir, 'src/main.ts')],
  outfile,
  define: { TIDEGATE_CLI_VERSION: JSON.stringify(version) },
  // Commander is CommonJS and asks for node's own modules by require.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
