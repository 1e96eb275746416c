import { requestUpgrade } from '@tidegate/contract-api';
import { compareVersions } from '@tidegate/domain-version-policy';

export type VersionRelation = 'newer' | 'running' | 'older' | 'unknown';

const parsed = (version: string | null) => {
  const result = requestUpgrade.shape.version.safeParse(version);
  return result.success ? result.data : null;
};
export const isReleaseVersion = (version: string): boolean => parsed(version) !== null;

/** How a release stands to what the node runs; `older` makes the attempt a return. `unknown` when either cannot be ordered. */
export const versionRelation = (version: string, running: string | null): VersionRelation => {
  const [offered, current] = [parsed(version), parsed(running)];
  if (offered === null || current === null) return 'unknown';
  const order = compareVersions(offered, current);
  return order === 0 ? 'running' : order < 0 ? 'older' : 'newer';
};
