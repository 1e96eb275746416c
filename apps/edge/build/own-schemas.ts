import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { z } from 'zod';
import { withLazySchemas } from './lazy-schemas.ts';

const Z = join(import.meta.dirname, 'schema/z.ts');

/** The agent's own reader of schemas in the place of zod, with zod's expressions worked out here: schema/z.ts says why. */
export const ownSchemas: Plugin = {
  name: 'own-schemas',
  setup(build) {
    build.onResolve({ filter: /^zod(\/|$)/ }, () => ({ path: Z }));
    build.onLoad({ filter: /[/\\](libs|apps[/\\]edge[/\\]src)[/\\].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return source.includes(`from 'zod'`) ? { contents: withLazySchemas(source, Z), loader: 'ts' } : undefined;
    });
    build.onLoad({ filter: /[/\\]edge[/\\]build[/\\]schema[/\\]patterns\.ts$/ }, () => ({
      contents: `export const UUID = ${z.regexes.uuid()}; export const DATETIME = ${z.regexes.datetime({})};`,
      loader: 'js',
    }));
  },
};
