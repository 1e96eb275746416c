import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeRelease, ReleaseStore, startAuthority, type RunningAuthority, type TestSigner } from '@tidegate/test-kit';
import { CHECKOUT } from '../local-system.ts';

const run = promisify(execFile);
const BUILD_EDGE = join(CHECKOUT, 'apps/edge/build/build-edge.ts');
const SERVICE = 'tidegate-edge';

/** A release of the real edge, and how it is at fault, if it is. */
export interface Candidate {
  readonly version: string;
  readonly sequence: number;
  /** Runs before everything else; a file of `prologues/`. */
  readonly prologue?: string;
  /** Its entry point is a regular executable file of no format that the kernel knows. */
  readonly hasForeignEntryPoint?: true;
}

/** What a local system built for its nodes: the version they start with, and what that one trusts. */
export class LocalReleases {
  readonly #data: string;
  readonly #built: string;

  constructor(dataFolder: string) {
    this.#data = dataFolder;
    const [digest] = readdirSync(join(dataFolder, 'demo-releases'));
    if (digest === undefined) throw new Error(`nothing was built in ${dataFolder}`);
    this.#built = join(dataFolder, 'demo-releases', digest);
  }

  get anchorFile(): string {
    return join(this.#built, 'anchor.json');
  }
  /** A slot but for its statement, which is in `statement`. */
  tree(version: string): string {
    return join(this.#built, 'trees', version);
  }
  statement(version: string): string {
    return join(this.#built, 'releases', version);
  }

  /** Builds, packs and signs candidates as the publisher that this system's nodes trust, and publishes them. */
  async publish(candidates: readonly Candidate[], folder: string): Promise<void> {
    const authority = await startAuthority({ dataDir: join(this.#data, 'authority') });
    try {
      // Two at a time, as there are cores.
      const waiting = [...candidates];
      const lane = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await this.#publishOne(next, folder, authority);
      };
      await Promise.all([lane(), lane()]);
    } finally {
      await authority.close();
    }
  }

  async #publishOne(candidate: Candidate, folder: string, authority: RunningAuthority): Promise<void> {
    const { version, sequence } = candidate;
    const tree = join(folder, 'trees', version);
    const outDir = join(folder, 'releases', version);
    await buildTree(candidate, tree, this.anchorFile);
    const { signers } = JSON.parse(readFileSync(this.anchorFile, 'utf8')) as { signers: [TestSigner] };
    const { issuer, workflow, sourceRepository, sourceRepositoryId, sourceRepositoryOwnerId } = signers[0];
    const signer = { issuer, workflow, sourceRepository, sourceRepositoryId, sourceRepositoryOwnerId };
    await makeRelease(authority, { tree, outDir, version, sequence, signer });
    const [owner, repo] = new URL(sourceRepository).pathname.slice(1).split('/') as [string, string];
    await new ReleaseStore(join(this.#data, 'releases')).publish(outDir, { owner, repo, tag: `v${version}` });
  }
}

async function buildTree({ version, prologue, hasForeignEntryPoint }: Candidate, tree: string, anchorFile: string): Promise<void> {
  const fault = prologue === undefined ? [] : ['--prologue', join(import.meta.dirname, 'prologues', prologue)];
  const args = [BUILD_EDGE, '--version', version, '--out', tree, '--anchor', anchorFile, ...fault];
  await run(process.execPath, args, { cwd: CHECKOUT, env: { ...process.env, NODE_OPTIONS: '' } });
  if (!hasForeignEntryPoint) return;
  const entryPoint = join(tree, 'bin', SERVICE);
  // The head of a program for another machine.
  writeFileSync(entryPoint, Buffer.from('7f454c46020101000000000000000000020028000100000000000000', 'hex'));
  chmodSync(entryPoint, 0o755);
}
