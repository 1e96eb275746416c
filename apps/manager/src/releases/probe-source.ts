import { CodedError } from '@tidegate/contract-errors';
import type { ReleaseSourceConfig } from '../platform/index.ts';
import { asUnavailable, releasesPath } from './github-releases.ts';
import type { ReleaseSources } from './release-sources.ts';

/** Whether a source lists releases to whoever this configuration is; nothing of the list is read. @throws CodedError source_unavailable */
export async function probeSource(sources: ReleaseSources, source: ReleaseSourceConfig, deadlineMs: number): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  const http = await sources.http(source);
  try {
    const answer = await http.get(new URL(`${releasesPath(source)}?per_page=1`), { accept: 'application/vnd.github+json' }, signal);
    answer.body.on('error', () => undefined).destroy();
    if (answer.status !== 200) throw new CodedError('source_unavailable', { status: answer.status });
  } catch (error) {
    throw asUnavailable(error);
  } finally {
    await http.close();
  }
}
