import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { build, type BuildOptions, type Plugin } from 'esbuild';

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
/** Another program of the manager's, under src: what benches measure without sockets. */
const program = process.argv[3] ?? 'main.ts';
await mkdir(dirname(outfile), { recursive: true });
const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  keepNames: true,
  logLevel: 'warning',
};
await build({
  ...options,
  entryPoints: [join(appDir, 'src', program)],
  outfile,
  define: { TIDEGATE_VERIFY_WORKER: JSON.stringify('./verify-worker.mjs') },
  plugins: [workspaceOnly, decoratorMetadata],
});
// A thread of its own, which is started by its file: see trust-anchors.ts.
await build({
  ...options,
  entryPoints: [join(appDir, '../../libs/adapter/sigstore/src/verify-worker.ts')],
  outfile: join(dirname(outfile), 'verify-worker.mjs'),
  plugins: [workspaceOnly],
});
