import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { askRemote, ConfiguredRemotes } from '../discovery/index.ts';
import { KeyRing, type ManagerConfig } from '../platform/index.ts';
import { probeSource, ReleaseSources } from '../releases/index.ts';
import type { Finding } from './finding.ts';

const DEADLINE_MS = 5000;

/** Whether what this manager asks for releases and tags answers, with the tokens of this configuration. All at once, with a deadline. */
export async function checkSources(config: ManagerConfig): Promise<Finding[]> {
  const sources = new ReleaseSources(config, await opener(config));
  const remotes = new ConfiguredRemotes(config, await opener(config));
  const checks = [
    ...sources.all.map((source) => findingOf(source.device_type, () => probeSource(sources, source, DEADLINE_MS))),
    ...remotes.all.map((remote) => findingOf(remote.device_type, () => askRemote(remote, AbortSignal.timeout(DEADLINE_MS)))),
  ];
  return (await Promise.all(checks)).flat();
}

/** Keys that cannot be used are a finding of the database's checks; here they only keep a token from being opened. */
async function opener(config: ManagerConfig): Promise<{ open(sealed: string, place: string): string }> {
  const ring = await KeyRing.load(config).catch(() => null);
  return {
    open: (sealed, place) => {
      if (!ring) throw new CodedError('secrets_key_wrong', { place });
      return ring.open(sealed, place);
    },
  };
}

async function findingOf(deviceType: string, check: () => Promise<unknown>): Promise<Finding[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [{ code: error.code, weight: 'broken', details: { device_type: deviceType, ...error.details } }];
  }
}
