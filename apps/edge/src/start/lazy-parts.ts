/**
 * What only an attempt needs, loaded when the first one comes: an HTTP client, an archive parser and a verifier would
 * otherwise cost every start a third of its time.
 */
import { readFile } from 'node:fs/promises';
import { CodedError, refuse } from '@tidegate/contract-errors';
import type { ArtefactUnpacker, ManifestVerifier, ReleaseSource, TreeVerifier } from '@tidegate/engine-upgrade';
import type { EdgeConfig } from '../config/edge-config.ts';
import { AGENT_VERSION, DEVICE_TYPE } from '../build-facts.ts';

/** In a bundle the worker is a file of its own beside `main.mjs`; in a run from source the adapter finds it by itself. */
declare const TIDEGATE_WORKER: string | undefined;

export function lazySource(config: EdgeConfig['source']): ReleaseSource {
  const open = async (): Promise<ReleaseSource> => {
    if (!config) throw new CodedError('upgrade_release_not_found', { reason: 'no source is configured' });
    const { githubReleaseSource } = await import('@tidegate/adapter-release-source');
    // Read anew each time, so that a token can be exchanged without a restart.
    const token = config.token_file === undefined ? undefined : (await readFile(config.token_file, 'utf8')).trim();
    return githubReleaseSource({
      apiBaseUrl: config.api_base_url,
      owner: config.owner,
      repo: config.repo,
      allowLoopbackHttp: config.allow_loopback_http,
      userAgent: `tidegate-edge/${AGENT_VERSION}`,
      ...(token !== undefined && { token }),
    });
  };
  const attempt = async <T>(act: (source: ReleaseSource) => Promise<T>): Promise<T | ReturnType<typeof refuse>> => {
    try {
      return await act(await open());
    } catch (error) {
      if (error instanceof CodedError) return refuse(error.code, error.details);
      throw error;
    }
  };
  return {
    fetchStatement: (version, signal) => attempt((source) => source.fetchStatement(version, signal)),
    openArtefact: (version, artefact, signal) => attempt((source) => source.openArtefact(version, artefact, signal)),
  };
}

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
