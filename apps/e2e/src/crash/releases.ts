import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { anchorOf, makeRelease, startAuthority, startReleaseServer, type ReleaseServer } from '@tidegate/test-kit';
import { CHECKOUT } from '../local-system.ts';

const BUILD_EDGE = join(CHECKOUT, 'apps/edge/build/build-edge.ts');

/** What nodes start with, a release that proves itself, and one whose agent ends as soon as it is asked to run. */
export const VERSIONS = { installed: '1.0.0', good: '1.1.0', bad: '1.2.0' } as const;
export type Build = 'good' | 'bad';

export interface Releases {
  readonly server: ReleaseServer;
  /** The slot of the installed version, with its statement. */
  readonly installedSlot: string;
  close(): Promise<void>;
}

/** Builds, packs, signs and serves the three versions of the real edge below `folder`. Few files each: every file costs some hundred runs. */
export async function serveReleases(folder: string): Promise<Releases> {
  const authority = await startAuthority({ dataDir: join(folder, 'authority') });
  const releases = join(folder, 'releases');
  const trees = join(folder, 'trees');
  try {
    const anchorFile = join(folder, 'anchor.json');
    writeFileSync(anchorFile, JSON.stringify(anchorOf(authority, undefined, 'demo')));
    const versions = Object.values(VERSIONS);
    await Promise.all(versions.map((version) => buildTree(version, join(trees, version), anchorFile)));
    for (const [index, version] of versions.entries()) {
      await makeRelease(authority, { tree: join(trees, version), outDir: join(releases, version), version, sequence: index + 1 });
    }
  } finally {
    await authority.close();
  }
  const server = await startReleaseServer({ dataDir: join(folder, 'served'), requestsPerHour: 1_000_000 });
  for (const version of Object.values(VERSIONS)) await server.publish(join(releases, version));
  const installedSlot = join(trees, VERSIONS.installed);
  for (const name of ['manifest.json', 'manifest.sig.bundle']) cpSync(join(releases, VERSIONS.installed, name), join(installedSlot, name));
  return { server, installedSlot, close: () => server.close() };
}

async function buildTree(version: string, tree: string, anchorFile: string): Promise<void> {
  const whole = `${tree}.whole`;
  await runNode([BUILD_EDGE, '--version', version, '--out', whole, '--anchor', anchorFile]);
  mkdirSync(join(tree, 'bin'), { recursive: true });
  for (const name of ['bin/tidegate-edge', 'package-info.json']) cpSync(join(whole, name), join(tree, name));
  // The build in two files instead of twenty, and smaller, so that an agent starts in a tenth of a second.
  const faulty = version === VERSIONS.bad ? `if (process.argv[2] === 'run') process.exit(1);` : '';
  for (const [name, format] of [
    ['main.cjs', 'cjs'],
    ['verify-worker.mjs', 'esm'],
  ] as const) {
    await build({
      entryPoints: [join(whole, 'lib', name)],
      outfile: join(tree, 'lib', name),
      bundle: true,
      minify: true,
      platform: 'node',
      format,
      target: 'node24',
      banner: { js: faulty },
    });
  }
  rmSync(whole, { recursive: true });
}

function runNode(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: CHECKOUT,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`))));
  });
}
