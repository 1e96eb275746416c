import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodedError, type Verdict } from '@tidegate/contract-errors';
import { LIMITS, type Artefact } from '@tidegate/contract-manifest';
import { lazyUnpacker, lazyVerifier } from '../start/lazy-parts.ts';
import { EXIT } from '../exit-codes.ts';
import { linesOf, type Command } from './command-answer.ts';

/**
 * `verify DIR`: a release as it would be downloaded, checked against what this build trusts. Every artefact that lies there is
 * unpacked into a temporary folder, as an attempt would. Says nothing of this node's policy: that is asked at the request.
 */
export const verify: Command = async ({ args: [folder = '.'] }) => {
  const file = (name: string): string => join(resolve(folder), name);
  const [manifestBytes, bundleBytes] = await Promise.all([
    readCapped(file('manifest.json'), LIMITS.manifestBytes),
    readCapped(file('manifest.sig.bundle'), LIMITS.bundleBytes),
  ]);
  const { manifest, digest, signer } = unwrap(await lazyVerifier().verify(manifestBytes, bundleBytes));
  const artefacts = [];
  for (const artefact of manifest.artefacts) {
    const present = existsSync(file(artefact.name));
    if (present) await unpackOnce(file(artefact.name), artefact);
    artefacts.push({ name: artefact.name, arch: artefact.arch, variant: artefact.variant, verified: present });
  }
  if (!artefacts.some(({ verified }) => verified))
    throw new CodedError('upgrade_release_not_found', { files: artefacts.map(({ name }) => name) });
  const { device_type: deviceType, version, channel, sequence, released_at: releasedAt } = manifest;
  const answer = { version, device_type: deviceType, channel, sequence, released_at: releasedAt, manifest_sha256: digest, signer };
  return {
    exit: EXIT.ok,
    json: { ...answer, artefacts },
    lines: [...linesOf(answer), ...artefacts.map(({ name, verified }) => `${name}: ${verified ? 'verified' : 'absent'}`)],
  };
};

async function unpackOnce(file: string, artefact: Artefact): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), 'tidegate-verify-'));
  try {
    const { signal } = new AbortController();
    unwrap(await lazyUnpacker().unpack(createReadStream(file), artefact, join(temporary, 'tree'), { signal, onProgress: () => {} }));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function readCapped(file: string, maxBytes: number): Promise<Buffer> {
  const missing = (error: NodeJS.ErrnoException): never => {
    throw new CodedError('upgrade_release_not_found', { file, reason: error.code ?? 'unreadable' });
  };
  const handle = await open(file).catch(missing);
  try {
    if ((await handle.stat()).size > maxBytes)
      throw new CodedError('upgrade_manifest_invalid', { file, rule: 'too large', max_bytes: maxBytes });
    return await handle.readFile().catch(missing);
  } finally {
    await handle.close();
  }
}

function unwrap<T>(verdict: Verdict<T>): T {
  if (!verdict.ok) throw new CodedError(verdict.code, verdict.details);
  return verdict.value;
}
