import { Worker } from 'node:worker_threads';
import { refuse, type Verdict } from '@tidegate/contract-errors';
import { LIMITS, type DeviceType } from '@tidegate/contract-manifest';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import type { ManifestVerifier, VerifiedManifest } from '@tidegate/engine-upgrade';
import type { VerificationRequest } from './check-manifest.ts';

export interface ManifestVerifierOptions {
  /** Compiled in by the caller. */
  readonly anchor: TrustAnchor;
  readonly deviceType: DeviceType;
  /** After this the worker is ended and the bundle refused. Default 20 s: a slow board needs 2 s for the largest manifest. */
  readonly deadlineMs?: number;
  /** The worker's file in a bundled build. */
  readonly workerUrl?: URL;
}

const DEFAULT_DEADLINE_MS = 20_000;
/** An 8 MiB manifest parses in well under half of this; beyond it the worker dies, not the agent. */
const MAX_WORKER_HEAP_MB = 512;

/**
 * Verifies in a worker thread of its own per call: hostile bundles have hung verifiers before, and a thread can be ended
 * where an event loop cannot. No state outlives a call.
 */
export function createManifestVerifier(options: ManifestVerifierOptions): ManifestVerifier {
  const { anchor, deviceType, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  const workerUrl = options.workerUrl ?? new URL('./verify-worker.ts', import.meta.url);
  return {
    async verify(manifestBytes, bundleBytes) {
      // Before a thread is spent on it.
      if (manifestBytes.length > LIMITS.manifestBytes) {
        return refuse('upgrade_manifest_invalid', { field: '', rule: 'too large', bytes: manifestBytes.length });
      }
      if (bundleBytes.length > LIMITS.bundleBytes) return refuse('upgrade_signature_invalid', { reason: 'bundle_too_large' });
      return await inWorker(workerUrl, { manifestBytes, bundleBytes, anchor, deviceType }, deadlineMs);
    },
  };
}

function inWorker(workerUrl: URL, request: VerificationRequest, deadlineMs: number): Promise<Verdict<VerifiedManifest>> {
  return new Promise((resolve) => {
    // No environment and no flags of the process reach the thread: what it trusts is what it was handed.
    const worker = new Worker(workerUrl, {
      workerData: request,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_WORKER_HEAP_MB },
    });
    const settle = (verdict: Verdict<VerifiedManifest>): void => {
      clearTimeout(deadline);
      resolve(verdict);
      void worker.terminate();
    };
    const deadline = setTimeout(() => settle(refuse('upgrade_signature_invalid', { reason: 'deadline' })), deadlineMs);
    worker.once('message', settle);
    worker.once('error', () => settle(refuse('upgrade_signature_invalid', { reason: 'worker_failed' })));
    worker.once('exit', () => settle(refuse('upgrade_signature_invalid', { reason: 'worker_failed' })));
  });
}
