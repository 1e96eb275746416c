import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { CHECKOUT, PROGRAMS } from './checkout.ts';
import { takeLock } from './exclusive-folder.ts';
import { runToEnd } from './run-to-end.ts';
import { sourceDigest } from './source-digest.ts';
import { waitUntil } from './wait-until.ts';

const LIBRARIES = ['libs/contract', 'libs/domain', 'libs/engine', 'libs/adapter', 'package-lock.json', 'tsconfig.base.json'];
const OTHER_BUILD_TIMEOUT_MS = 180_000;

interface Product {
  readonly name: string;
  /** A file that is there once it was built. */
  readonly result: string;
  readonly sources: readonly string[];
  readonly args: readonly string[];
  /** Where the build runs, relative to the checkout. */
  readonly cwd: string;
}

const MANAGER: Product = {
  name: 'the manager',
  result: PROGRAMS.manager,
  sources: ['apps/manager', ...LIBRARIES],
  args: [PROGRAMS.buildManager],
  cwd: '.',
};
const CONSOLE: Product = {
  name: 'the console',
  result: `${PROGRAMS.consoleDir}/index.html`,
  sources: ['apps/console', 'libs/contract', 'libs/domain', 'package-lock.json'],
  // `native`: Node reads the configuration itself; vite's own loader would write a file into node_modules.
  args: [join(CHECKOUT, PROGRAMS.vite), 'build', '--configLoader', 'native', '--logLevel', 'warn'],
  cwd: 'apps/console',
};

/** Builds manager and console unless their sources are those of the last build. Both lie in the checkout and serve every data folder. */
export async function buildProducts(say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  await Promise.all([MANAGER, CONSOLE].map((product) => build(product, say, signal)));
}

async function build(product: Product, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const folder = join(CHECKOUT, dirname(product.result));
  const stamp = join(folder, '.built-from');
  const digest = sourceDigest(CHECKOUT, product.sources);
  if (isBuilt(product, stamp, digest)) return;
  const lock = await takeBuildLock(folder, signal);
  try {
    // Another start may have built it while this one waited.
    if (isBuilt(product, stamp, digest)) return;
    const begunAt = performance.now();
    say(`building ${product.name}`);
    rmSync(stamp, { force: true });
    await runToEnd(join(CHECKOUT, product.cwd), product.args, product.name, signal);
    // Written last: a build that was cut off leaves no stamp and is done again.
    writeFileSync(stamp, digest);
    say(`built ${product.name} in ${((performance.now() - begunAt) / 1000).toFixed(1)} s`);
  } finally {
    lock();
  }
}

function isBuilt(product: Product, stamp: string, digest: string): boolean {
  return existsSync(join(CHECKOUT, product.result)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
}

/** Beside the folder, not in it: vite empties its output folder. */
async function takeBuildLock(folder: string, signal?: AbortSignal): Promise<() => void> {
  const place = dirname(folder);
  try {
    mkdirSync(folder, { recursive: true });
    return await waitUntil(
      'the build of another start',
      OTHER_BUILD_TIMEOUT_MS,
      () => {
        const lock = takeLock(place, '.build.lock');
        return 'release' in lock ? lock.release : undefined;
      },
      signal,
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new CodedError('checkout_unwritable', { folder: place, system: code }, { cause: error });
    }
    throw error;
  }
}
