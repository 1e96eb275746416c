/**
 * What only an attempt needs, loaded when the first one comes: an HTTP client, an archive parser and a verifier would
 * otherwise cost every start a third of its time.
 */
import type { ArtefactUnpacker, ManifestVerifier, TreeVerifier } from '@tidegate/engine-upgrade';
import { DEVICE_TYPE } from '../build-facts.ts';

/** In a bundle the worker is a file of its own beside `main.cjs`; in a run from source the adapter finds it by itself. */
declare const TIDEGATE_WORKER: string | undefined;

export const lazyVerifier = (): ManifestVerifier => ({
  async verify(manifestBytes, bundleBytes) {
    const [{ createManifestVerifier }, { TRUST_ANCHOR }] = await Promise.all([
      import('@tidegate/adapter-sigstore'),
      import('../trust/anchor.ts'),
    ]);
    const workerUrl = typeof TIDEGATE_WORKER === 'string' ? new URL(TIDEGATE_WORKER, import.meta.url) : undefined;
    const verifier = createManifestVerifier({ anchor: TRUST_ANCHOR, deviceType: DEVICE_TYPE, ...(workerUrl && { workerUrl }) });
    return verifier.verify(manifestBytes, bundleBytes);
  },
});

export const lazyUnpacker = (): ArtefactUnpacker => ({
  async unpack(...request) {
    const { tarUnpacker } = await import('@tidegate/adapter-unpack-tar');
    return tarUnpacker.unpack(...request);
  },
});

export const lazyTreeVerifier: TreeVerifier = async (folder, files) => {
  const { verifyTree } = await import('@tidegate/adapter-unpack-tar');
  return verifyTree(folder, files);
};
