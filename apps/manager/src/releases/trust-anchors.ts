import { readFile } from 'node:fs/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { createManifestVerifier } from '@tidegate/adapter-sigstore';
import { CodedError, type Verdict } from '@tidegate/contract-errors';
import { deviceType, type Manifest } from '@tidegate/contract-manifest';
import { trustAnchorProblems, type TrustAnchor } from '@tidegate/domain-trust-policy';
import { z } from 'zod';
import { ReleaseSources } from './release-sources.ts';

/** In a bundle the worker is a file of its own beside `main.mjs`; in a run from source the adapter finds it by itself. */
declare const TIDEGATE_VERIFY_WORKER: string | undefined;

const name = z.string().min(1).max(300);
const anchor = z.object({
  purpose: z.enum(['release', 'demo', 'test']),
  signers: z.array(
    z.object({
      name,
      deviceTypes: z.array(deviceType),
      issuer: name,
      workflow: name,
      sourceRepository: name,
      sourceRepositoryId: name.optional(),
      sourceRepositoryOwnerId: name.optional(),
      refPattern: name.refine((pattern) => pattern === 'refs/tags/v{version}' || pattern.startsWith('test:')),
      runner: z.enum(['github-hosted', 'self-hosted']).optional(),
      triggers: z.array(name),
    }),
  ),
  trustedRoot: z.record(z.string(), z.unknown()),
});

interface Statement {
  readonly manifestBytes: Uint8Array;
  readonly bundleBytes: Uint8Array;
}

/**
 * Whom this manager believes, per device type. It decides nothing for a node, which has its own compiled in: it keeps what is
 * false out of checks and out of the mirror.
 */
@Injectable()
export class TrustAnchors implements OnModuleInit {
  private readonly anchors = new Map<string, TrustAnchor>();

  constructor(private readonly sources: ReleaseSources) {}

  /** A manager that is told whom to believe and cannot read it does not start. @throws CodedError config_invalid */
  async onModuleInit(): Promise<void> {
    for (const { device_type: type, trust_anchor_file: file } of this.sources.all) {
      if (file !== undefined) this.anchors.set(type, await readAnchor(file));
    }
  }

  has(type: string): boolean {
    return this.anchors.has(type);
  }

  /** @returns null without an anchor for the device type. */
  async verify(type: string, { manifestBytes, bundleBytes }: Statement): Promise<Verdict<Manifest> | null> {
    const found = this.anchors.get(type);
    if (!found) return null;
    const workerUrl = typeof TIDEGATE_VERIFY_WORKER === 'string' ? new URL(TIDEGATE_VERIFY_WORKER, import.meta.url) : undefined;
    const verifier = createManifestVerifier({ anchor: found, deviceType: deviceType.parse(type), ...(workerUrl && { workerUrl }) });
    const verdict = await verifier.verify(manifestBytes, bundleBytes);
    return verdict.ok ? { ok: true, value: verdict.value.manifest } : verdict;
  }
}

async function readAnchor(file: string): Promise<TrustAnchor> {
  const refuse = (problems: string[], cause?: unknown): CodedError => new CodedError('config_invalid', { file, problems }, { cause });
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw refuse(['release_sources.trust_anchor_file: not a readable JSON file'], cause);
  }
  const parsed = anchor.safeParse(json);
  if (!parsed.success) throw refuse(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`));
  const trusted = parsed.data as TrustAnchor;
  const problems = trustAnchorProblems(trusted);
  if (problems.length > 0) throw refuse(problems);
  return trusted;
}
