import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { trustFingerprint } from '@tidegate/adapter-sigstore';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';

export interface EdgeBundle {
  readonly libFolder: string;
  readonly version: string;
  readonly variant: 'thin' | 'full';
  readonly anchor: TrustAnchor;
  readonly prologue: string | undefined;
}

const EDGE = join(import.meta.dirname, '..');
const VERIFY_WORKER = join(EDGE, '../../libs/adapter/sigstore/src/verify-worker.ts');

/** Libraries in CommonJS call `require` for Node's own modules, which a module scope does not have. */
const REQUIRE = `import { createRequire as tidegateRequire } from 'node:module'; const require = tidegateRequire(import.meta.url);`;

/** Compiling a schema pays after thousands of messages; an agent reads a handful a minute, and its start would pay for it. */
const NO_SCHEMA_COMPILER = 'globalThis.__zod_globalConfig = { jitless: true };';

const options = (libFolder: string): BuildOptions => ({
  outdir: libFolder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Stack traces of a node in the field are read by people.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: `${REQUIRE}\n${NO_SCHEMA_COMPILER}` },
  // Paths in comments would make the bytes depend on where they were built.
  absWorkingDir: join(EDGE, '../..'),
});

/** `main.mjs` (with chunks for what only an attempt needs), `commands.mjs` and `verify-worker.mjs`; with a prologue, `main.mjs` runs that first. */
export async function bundleEdge({ libFolder, version, variant, anchor, prologue }: EdgeBundle): Promise<void> {
  const facts = {
    TIDEGATE_VERSION: JSON.stringify(version),
    TIDEGATE_VARIANT: JSON.stringify(variant),
    TIDEGATE_WORKER: JSON.stringify('./verify-worker.mjs'),
  };
  const entry = prologue === undefined ? 'main' : 'agent';
  await build({
    ...options(libFolder),
    entryPoints: { [entry]: join(EDGE, 'src/main.ts') },
    splitting: true,
    chunkNames: 'part-[hash]',
    define: facts,
    plugins: [...plugins(anchor), commandsApart],
  });
  await build({
    ...options(libFolder),
    entryPoints: { commands: join(EDGE, 'src/commands/run-command.ts') },
    splitting: true,
    chunkNames: 'commands-[hash]',
    define: facts,
    plugins: plugins(anchor),
  });
  await build({ ...options(libFolder), entryPoints: { 'verify-worker': VERIFY_WORKER } });
  if (prologue === undefined) return;
  await build({ ...options(libFolder), entryPoints: { prologue }, plugins: plugins(anchor) });
  // Two imports of one module run in their order; anything bundled together would be hoisted above the prologue.
  await writeFile(join(libFolder, 'main.mjs'), `import './prologue.mjs';\nimport './agent.mjs';\n`);
}

/**
 * What people ask for is a bundle of its own. In one with the agent, all code that both use would move into files of its own,
 * which each start of the agent would have to find and read.
 */
const commandsApart: Plugin = {
  name: 'commands-apart',
  setup(build) {
    build.onResolve({ filter: /[/\\]commands[/\\]run-command\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './commands.mjs', external: true } : undefined,
    );
  },
};

const plugins = (anchor: TrustAnchor): Plugin[] => [compileIn(anchor), withoutTranslations, httpAlone, usedOfUndici];

/**
 * An `import` of node:http reads everything it exports, also the getters that load Node's own copy of undici for a global
 * WebSocket nobody here uses: 35 ms and 12 MB of each start (Node 24.21). A `require` reads none.
 */
const httpAlone: Plugin = {
  name: 'http-alone',
  setup(build) {
    build.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'http-alone' } : undefined,
    );
    build.onLoad({ filter: /^http$/, namespace: 'http-alone' }, () => ({
      contents: `module.exports = require('node:http');`,
      loader: 'js',
    }));
  },
};

/** undici's door loads all of it, with its fetch, caches and mocks; a download needs three parts. Another name fails the build. */
const usedOfUndici: Plugin = {
  name: 'used-of-undici',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, ({ resolveDir }) => ({ path: 'undici', namespace: 'used-of-undici', pluginData: resolveDir }));
    build.onLoad({ filter: /^undici$/, namespace: 'used-of-undici' }, ({ pluginData: resolveDir }: { pluginData: string }) => ({
      contents: `
        import Agent from 'undici/lib/dispatcher/agent.js';
        import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
        import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
        import api from 'undici/lib/api/index.js';
        Object.assign(Dispatcher.prototype, api);
        export { Agent, ProxyAgent };
        export const request = (url, { dispatcher, ...options }) =>
          dispatcher.request({ method: 'GET', ...options, origin: url.origin, path: url.pathname + url.search });
      `,
      resolveDir,
      loader: 'js',
    }));
  },
};

/** Texts of the schema library in fifty languages, a third of what a start would have to parse; the agent speaks in codes. */
const withoutTranslations: Plugin = {
  name: 'without-translations',
  setup(build) {
    build.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({ contents: 'export {};', loader: 'js' }));
  },
};

/** The one module that says whom this edge trusts, exchanged at build time: there is no way to do it later. */
const compileIn = (anchor: TrustAnchor): Plugin => ({
  name: 'trust-anchor',
  setup(build) {
    build.onLoad({ filter: /[/\\]apps[/\\]edge[/\\]src[/\\]trust[/\\]anchor\.ts$/ }, () => ({
      contents: `export const TRUST_ANCHOR = ${JSON.stringify(anchor)};`,
      loader: 'js',
    }));
    // Worked out here, so that a start neither loads nor hashes the anchor.
    build.onLoad({ filter: /[/\\]apps[/\\]edge[/\\]src[/\\]trust-facts\.ts$/ }, () => ({
      contents: `export const TRUST_PURPOSE = '${anchor.purpose}'; export const TRUST_FINGERPRINT = '${trustFingerprint(anchor)}';`,
      loader: 'js',
    }));
  },
});
