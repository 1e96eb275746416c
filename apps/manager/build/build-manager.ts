import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { build, type Plugin } from 'esbuild';

const appDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** esbuild drops the decorator metadata that Nest injects by; swc keeps it. Only the manager's own files carry decorators. */
const decoratorMetadata: Plugin = {
  name: 'decorator-metadata',
  setup(bundler) {
    bundler.onLoad({ filter: /apps\/manager\/src\/.*\.ts$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        filename: path,
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      });
      return { contents: code, loader: 'js' };
    });
  },
};

/** Workspace packages are bundled, npm packages stay where npm put them. */
const workspaceOnly: Plugin = {
  name: 'workspace-only',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      path.startsWith('@tidegate/') || path.startsWith('node:') ? null : { path, external: true },
    );
  },
};

// Tests build beside the product, so as not to replace what is running from there.
const outfile = process.argv[2] ?? join(appDir, 'dist/main.mjs');
await mkdir(dirname(outfile), { recursive: true });
await build({
  entryPoints: [join(appDir, 'src/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  keepNames: true,
  logLevel: 'warning',
  plugins: [workspaceOnly, decoratorMetadata],
});
