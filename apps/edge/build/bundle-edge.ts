import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, transform, type BuildOptions, type Plugin } from 'esbuild';
import { trustFingerprint } from '@tidegate/adapter-sigstore';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import { ownSchemas } from './own-schemas.ts';

export interface EdgeBundle {
  readonly libFolder: string;
  readonly version: string;
  readonly variant: 'thin' | 'full';
  readonly anchor: TrustAnchor;
  readonly prologue: string | undefined;
}

const EDGE = join(import.meta.dirname, '..');
const VERIFY_WORKER = join(EDGE, '../../libs/adapter/sigstore/src/verify-worker.ts');

/** `import.meta.url`, which CommonJS does not have. */
const OWN_URL = 'tidegateUrl';

const options = (): BuildOptions => ({
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Stack traces of a node in the field are read by people.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
  // Paths in comments would make the bytes depend on where they were built.
  absWorkingDir: join(EDGE, '../..'),
});

/**
 * `main.cjs` (with parts for what only an attempt needs), `commands.cjs` and `verify-worker.mjs`; with a prologue, `main.cjs`
 * runs that before the agent. CommonJS, because Node starts it 5 ms sooner than modules.
 */
export async function bundleEdge({ libFolder, version, variant, anchor, prologue }: EdgeBundle): Promise<void> {
  const facts = {
    TIDEGATE_VERSION: JSON.stringify(version),
    TIDEGATE_VARIANT: JSON.stringify(variant),
    TIDEGATE_WORKER: JSON.stringify('./verify-worker.mjs'),
    // Asked for where ws is loaded: what lies in a node_modules folder above the slot must never become part of an agent.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  };
  const entry = prologue === undefined ? 'main' : 'agent';
  await mkdir(libFolder, { recursive: true });
  await buildCommonJs(libFolder, 'part', { [entry]: join(EDGE, 'src/main.ts') }, facts, [...plugins(anchor), commandsApart]);
  await buildCommonJs(libFolder, 'commands', { commands: join(EDGE, 'src/commands/run-command.ts') }, facts, plugins(anchor));
  await buildModule(libFolder, { 'verify-worker': VERIFY_WORKER }, anchor);
  if (prologue === undefined) return;
  await buildModule(libFolder, { prologue }, anchor);
  // One after the other, also where the prologue awaits something; anything bundled together would be hoisted above it.
  await writeFile(join(libFolder, 'main.cjs'), `import('./prologue.mjs').then(() => require('./agent.cjs'));\n`);
}

/** Only modules can be split into parts that share code, so they are made first and translated one by one. */
async function buildCommonJs(
  libFolder: string,
  part: string,
  entryPoints: Record<string, string>,
  facts: Record<string, string>,
  used: Plugin[],
): Promise<void> {
  const { outputFiles } = await build({
    ...options(),
    outdir: libFolder,
    outExtension: { '.js': '.cjs' },
    format: 'esm',
    splitting: true,
    chunkNames: `${part}-[hash]`,
    write: false,
    entryPoints,
    define: { ...facts, 'import.meta.url': OWN_URL },
    plugins: used,
  });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      // A part is loaded by `require`, which reads through the same compile cache and needs no loader of modules.
      supported: { 'dynamic-import': false },
    });
    const head = code.includes(OWN_URL) ? `const ${OWN_URL} = require('node:url').pathToFileURL(__filename).href;\n` : '';
    await writeFile(path, head + code);
  }
}

/** Libraries in CommonJS call `require` for Node's own modules, which a module scope does not have. */
const REQUIRE = `import { createRequire as tidegateRequire } from 'node:module'; const require = tidegateRequire(import.meta.url);`;

const buildModule = (libFolder: string, entryPoints: Record<string, string>, anchor: TrustAnchor) =>
  build({
    ...options(),
    outdir: libFolder,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    banner: { js: REQUIRE },
    entryPoints,
    plugins: plugins(anchor),
  });

/**
 * What people ask for is a bundle of its own. In one with the agent, all code that both use would move into files of its own,
 * which each start of the agent would have to find and read.
 */
const commandsApart: Plugin = {
  name: 'commands-apart',
  setup(build) {
    build.onResolve({ filter: /[/\\]commands[/\\]run-command\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './commands.cjs', external: true } : undefined,
    );
  },
};

const plugins = (anchor: TrustAnchor): Plugin[] => [compileIn(anchor), ownSchemas, usedOfWs, usedOfUndici];

/** Asks for what a package itself would give. */
const DOOR = 'door';

/** Of ws the client only, and of Node what that needs: TLS where the manager's address is `wss:`, compression never. */
const usedOfWs: Plugin = {
  name: 'used-of-ws',
  setup(build) {
    build.onResolve({ filter: /^ws$/ }, async ({ resolveDir, pluginData }) => {
      if (pluginData === DOOR) return undefined;
      const door = await build.resolve('ws', { kind: 'require-call', resolveDir, pluginData: DOOR });
      return { path: 'ws', namespace: 'used-of-ws', pluginData: dirname(door.path) };
    });
    build.onLoad({ filter: /^ws$/, namespace: 'used-of-ws' }, ({ pluginData: resolveDir }: { pluginData: string }) => ({
      contents: `import WebSocket from './lib/websocket.js'; export { WebSocket };`,
      resolveDir,
      loader: 'js',
    }));
    build.onResolve({ filter: /^(http|https|tls|zlib|querystring)$/ }, ({ path, importer }) =>
      /[/\\]node_modules[/\\]ws[/\\]/.test(importer) ? { path, namespace: path === 'http' ? 'never-used' : 'when-used' } : undefined,
    );
    // Connections are opened by the adapter, not by ws; and what it would mask in native code is a few hundred bytes a minute.
    build.onLoad({ filter: /./, namespace: 'never-used' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
    build.onLoad({ filter: /./, namespace: 'when-used' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('node:${path}')[name] });`,
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
