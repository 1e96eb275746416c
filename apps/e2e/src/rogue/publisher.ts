import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packRelease, signStatement } from '@tidegate/adapter-release-pack';
import { anchorOf, EDGE_SIGNER, startAuthority, type RunningAuthority, type WorkflowIdentity } from '@tidegate/test-kit';
import { CHECKOUT } from '../local-system.ts';
import type { Offer } from './rogue-source.ts';

export const REVISION = 'c0ffee'.repeat(7).slice(0, 40);
/** The smallest chunk a manifest may declare: several of them in a small artefact. */
const CHUNK_BYTES = 64 * 1024;

/** A manifest as JSON, free to be made wrong before it is signed. */
export interface LooseManifest {
  readonly version: string;
  readonly artefacts: readonly [{ readonly name: string; readonly chunk_size: number }];
}
export interface Packed {
  readonly manifest: LooseManifest;
  readonly artefact: Buffer;
}
/** What stands in a manifest beside the artefact; the schema's own names. */
export type Claims = Record<string, unknown>;

/** The genuine publisher of the edges under attack, and everybody else whom the same public authority would certify. */
export class Publisher {
  readonly authority: RunningAuthority;
  readonly anchorFile: string;
  readonly #folder: string;
  #packed = 0;

  private constructor(folder: string, authority: RunningAuthority) {
    this.#folder = folder;
    this.authority = authority;
    this.anchorFile = join(folder, 'anchor.json');
    writeFileSync(this.anchorFile, JSON.stringify(anchorOf(authority)));
  }

  static async open(folder: string): Promise<Publisher> {
    mkdirSync(folder, { recursive: true });
    return new Publisher(folder, await startAuthority({ dataDir: join(folder, 'authority') }));
  }

  /** The real edge, built with this publisher's anchor. */
  async buildEdge(version: string): Promise<string> {
    const tree = join(this.#folder, `edge-${version}`);
    await runNode([join(CHECKOUT, 'apps/edge/build/build-edge.ts'), '--version', version, '--out', tree, '--anchor', this.anchorFile]);
    return tree;
  }

  /** A program that ends at once, and enough noise beside it for several chunks. */
  dud(): string {
    const tree = join(this.#folder, `dud-${++this.#packed}`);
    mkdirSync(join(tree, 'bin'), { recursive: true });
    writeFileSync(join(tree, 'bin/tidegate-edge'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(tree, 'bin/tidegate-edge'), 0o755);
    writeFileSync(join(tree, 'noise'), randomBytes(5 * CHUNK_BYTES));
    return tree;
  }

  async pack(tree: string, version: string, claims: Claims = {}): Promise<Packed> {
    const outDir = join(this.#folder, `packed-${++this.#packed}`);
    const { manifestBytes, artefactPath } = await packRelease({
      folder: tree,
      deviceType: 'tidegate-edge',
      version,
      channel: 'stable',
      sequence: 100,
      source: { repository: EDGE_SIGNER.sourceRepository, revision: REVISION },
      arch: 'any',
      variant: 'thin',
      entrypoint: 'bin/tidegate-edge',
      outDir,
      releasedAt: '2026-10-01T09:00:00.000Z',
    });
    const artefact = readFileSync(artefactPath);
    const manifest = JSON.parse(Buffer.from(manifestBytes).toString()) as LooseManifest;
    return { artefact, manifest: { ...manifest, artefacts: [{ ...manifest.artefacts[0], ...chunksOf(artefact) }], ...claims } };
  }

  /** Signs exactly these bytes as a run of the publisher's workflow on `v<version>`; `change` makes it somebody else's run. */
  async sign(bytes: Uint8Array, version: string, change: Partial<WorkflowIdentity> = {}, authority = this.authority): Promise<Uint8Array> {
    const identity = { ...EDGE_SIGNER, ref: `refs/tags/v${version}`, revision: REVISION, ...change };
    const { fulcioUrl, rekorUrl } = authority;
    return await signStatement(bytes, { fulcioUrl, rekorUrl, identityToken: authority.identityToken(identity) });
  }

  /** A release as it should be, for a source to serve as it is or to spoil. */
  async release({ manifest, artefact }: Packed, signedAs: Partial<WorkflowIdentity> & { version?: string } = {}): Promise<Released> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const { version = manifest.version, ...change } = signedAs;
    const bundle = await this.sign(bytes, version, change);
    return { manifest: bytes, bundle, artefact, artefactName: manifest.artefacts[0].name, digest: digestOf(bytes) };
  }

  /** Puts a slot where an installer would: the tree with its statement. */
  async install(tree: string, slot: string, claims: Claims): Promise<Released> {
    const released = await this.release(await this.pack(tree, '1.0.0', claims));
    cpSync(tree, slot, { recursive: true });
    writeFileSync(join(slot, 'manifest.json'), released.manifest);
    writeFileSync(join(slot, 'manifest.sig.bundle'), released.bundle);
    return released;
  }

  close(): Promise<void> {
    return this.authority.close();
  }
}

export interface Released extends Offer {
  readonly manifest: Buffer;
  readonly bundle: Uint8Array;
  readonly artefact: Buffer;
  /** sha256 of the manifest's bytes. */
  readonly digest: string;
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function chunksOf(artefact: Buffer): { chunk_size: number; chunk_sha256: string[] } {
  const digests: string[] = [];
  for (let at = 0; at < artefact.length; at += CHUNK_BYTES) digests.push(digestOf(artefact.subarray(at, at + CHUNK_BYTES)));
  return { chunk_size: CHUNK_BYTES, chunk_sha256: digests };
}

function runNode(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', ...args], {
      cwd: CHECKOUT,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}: ${said}`))));
  });
}
