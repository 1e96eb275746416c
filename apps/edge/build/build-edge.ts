/**
 * Builds the edge's slot tree: `node build-edge.ts --version 1.1.0 --out DIR [--anchor FILE.json] [--prologue FILE.mjs] [--variant full]`.
 *
 * Without `--anchor` the release anchor is compiled in, and a build that would carry any other is refused. `--prologue` is a
 * module that runs before everything else: the faulty releases of demo and tests are the real edge plus such a prologue.
 */
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ERRORS, isCodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import { trustFingerprint } from '@tidegate/adapter-sigstore';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import { bundleEdge } from './bundle-edge.ts';
import { checkAnchor } from './check-anchor.ts';
import { WRAPPER } from './wrapper.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'string' },
    out: { type: 'string' },
    anchor: { type: 'string' },
    prologue: { type: 'string' },
    variant: { type: 'string', default: 'thin' },
  },
});

async function readAnchor(file: string | undefined): Promise<TrustAnchor> {
  if (file === undefined) return checkAnchor((await import('../src/trust/anchor.ts')).TRUST_ANCHOR, 'source');
  return checkAnchor(JSON.parse(await readFile(file, 'utf8')) as TrustAnchor, 'file');
}

async function build(): Promise<void> {
  const version = releaseVersion.parse(values.version);
  const { variant } = values;
  if (variant !== 'thin' && variant !== 'full') throw new Error('--variant is thin or full');
  if (values.out === undefined) throw new Error('--out is missing');
  const out = resolve(values.out);
  // What an earlier build left would be packed and signed with it.
  if (existsSync(out) && readdirSync(out).length > 0) throw new Error(`${out} is not empty`);
  const anchor = await readAnchor(values.anchor);
  await bundleEdge({ libFolder: join(out, 'lib'), version, variant, anchor, prologue: values.prologue && resolve(values.prologue) });
  await mkdir(join(out, 'bin'), { recursive: true });
  await writeFile(join(out, 'bin', 'tidegate-edge'), WRAPPER);
  await chmod(join(out, 'bin', 'tidegate-edge'), 0o755);
  const info = {
    version,
    device_type: 'tidegate-edge',
    variant,
    trust_purpose: anchor.purpose,
    trust_fingerprint: trustFingerprint(anchor),
  };
  await writeFile(join(out, 'package-info.json'), `${JSON.stringify(info, null, 2)}\n`);
}

const reasonOf = (error: unknown): string => {
  if (isCodedError(error)) return `${error.code}: ${ERRORS[error.code].meaning} ${JSON.stringify(error.details)}`;
  return error instanceof Error ? error.message : String(error);
};

await build().catch((error: unknown) => {
  process.stderr.write(`build-edge: ${reasonOf(error)}\n`);
  process.exitCode = 1;
});
