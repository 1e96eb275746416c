/** What the nodes of one device type have in common, as far as they attest it: the yardstick for those that lag or differ. */
export interface DeviceTypeNorm {
  /** Highest signed sequence that any of them has verified; null when none says so. */
  readonly newestSequence: number | null;
  /** The trust fingerprint that more of them report than any other; null without one, or when two are equally frequent. */
  readonly usualTrust: string | null;
  /** Sort key of the newest boot guard that any of them runs. */
  readonly newestGuard: string | null;
}

/** All nodes of one device type that report one fingerprint. */
export interface AttestedTrust {
  readonly device_type: string;
  readonly trust_fingerprint: string | null;
  readonly nodes: number;
  readonly newest_sequence: number | null;
  readonly newest_guard: string | null;
}

/**
 * An attacker who cuts a node off from newer statements (a freeze) cannot be noticed by that node: only the others know that
 * there is something newer. A lying node can at most flag others, never hide one.
 */
export function normsOf(rows: readonly AttestedTrust[]): ReadonlyMap<string, DeviceTypeNorm> {
  const types = new Set(rows.map((row) => row.device_type));
  return new Map(
    [...types].map((type) => {
      const group = rows.filter((row) => row.device_type === type);
      return [type, { newestSequence: newestOf(group), usualTrust: usualOf(group), newestGuard: newestGuardOf(group) }];
    }),
  );
}

function newestOf(rows: readonly AttestedTrust[]): number | null {
  const sequences = rows.flatMap((row) => row.newest_sequence ?? []);
  return sequences.length === 0 ? null : Math.max(...sequences);
}

function usualOf(rows: readonly AttestedTrust[]): string | null {
  const [first, second] = rows.filter((row) => row.trust_fingerprint !== null).sort((a, b) => b.nodes - a.nodes);
  return first && first.nodes !== second?.nodes ? first.trust_fingerprint : null;
}

const newestGuardOf = (rows: readonly AttestedTrust[]): string | null =>
  rows
    .flatMap((row) => row.newest_guard ?? [])
    .reduce<string | null>((newest, key) => (newest !== null && newest > key ? newest : key), null);
