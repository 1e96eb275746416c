import { CodedError } from '@tidegate/contract-errors';
import { trustAnchorProblems, type TrustAnchor } from '@tidegate/domain-trust-policy';

/**
 * The last place where whom an edge trusts can be stopped: from here on it is compiled in. A build without `--anchor` is a release
 * and carries the release anchor only; an anchor from a file is for demo or test, whatever it says of itself. Throws
 * `trust_anchor_refused`.
 */
export function checkAnchor(anchor: TrustAnchor, from: 'source' | 'file'): TrustAnchor {
  const isRelease = anchor.purpose === 'release';
  if (from === 'source' && !isRelease) throw refused(anchor, 'a release build carries the release anchor only');
  if (from === 'file' && isRelease) throw refused(anchor, 'an anchor from a file is for demo or test only');
  const problems = trustAnchorProblems(anchor);
  if (problems.length > 0) throw refused(anchor, problems.join('; '));
  return anchor;
}

const refused = ({ purpose }: TrustAnchor, rule: string): CodedError => new CodedError('trust_anchor_refused', { purpose, rule });
