import type { ErrorCode } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import type { UpgradeRecord } from './upgrade-life.ts';

/** What many nodes are asked for at once. A `return` carries no version: each node goes back to the one it names as its previous. */
export type WaveOrder = {
  /** Of whoever is responsible for it, as in the audit trail. */
  readonly requestedBy: string;
  readonly timeoutSecs: number;
} & (
  | ({ readonly action: 'upgrade' } & Pick<UpgradeRecord, 'version' | 'channel' | 'expectedManifestSha256' | 'retrySkipped'>)
  | { readonly action: 'return' }
);

/** Whether a node may be asked for anything now. */
export interface Standing {
  readonly revoked: boolean;
  readonly quarantined: boolean;
  /** Some replica holds its socket. */
  readonly connected: boolean;
  /** It says that it can be upgraded; false also of a node that has never reported. */
  readonly capable: boolean;
}

export interface WaveStanding extends Standing {
  readonly inMaintenance: boolean;
  readonly softwareVersion: string | null;
  readonly previousVersion: string | null;
  /** Of the manifest of what runs. */
  readonly manifestSha256: string | null;
}

export type WaveVerdict =
  | { readonly kind: 'begin'; readonly version: string }
  | { readonly kind: 'already' }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly details: Readonly<Record<string, unknown>> };

const REFUSALS: readonly (readonly [ErrorCode, (standing: Standing) => boolean])[] = [
  ['node_revoked', ({ revoked }) => revoked],
  ['node_quarantined', ({ quarantined }) => quarantined],
  ['node_offline', ({ connected }) => !connected],
  ['upgrade_not_supported', ({ capable }) => !capable],
];

/** The same for one node and for many. @returns null when nothing stands against it. */
export const refusalOf = (standing: Standing): ErrorCode | null => REFUSALS.find(([, holds]) => holds(standing))?.[0] ?? null;

const refused = (code: ErrorCode, details: Readonly<Record<string, unknown>> = {}): WaveVerdict => ({ kind: 'refused', code, details });

/** What becomes of an order at one node, before the database has the last word (`upgrade_in_progress`). */
export function judge(order: WaveOrder, standing: WaveStanding | undefined): WaveVerdict {
  if (!standing) return refused('node_not_found');
  const code = refusalOf(standing);
  if (code) return refused(code);
  return order.action === 'return' ? judgeReturn(standing) : judgeUpgrade(order, standing);
}

function judgeUpgrade(
  { version, expectedManifestSha256: pin }: Extract<WaveOrder, { action: 'upgrade' }>,
  { inMaintenance, softwareVersion, manifestSha256: runs }: WaveStanding,
): WaveVerdict {
  if (inMaintenance) return refused('node_in_maintenance');
  if (softwareVersion !== version) return { kind: 'begin', version };
  const isOther = pin !== null && runs !== null && runs !== pin;
  return isOther ? refused('upgrade_provenance_mismatch', { expected: pin, reported: runs }) : { kind: 'already' };
}

/** Also in maintenance: the way back stays open. */
function judgeReturn({ previousVersion }: WaveStanding): WaveVerdict {
  const previous = releaseVersion.safeParse(previousVersion);
  return previous.success ? { kind: 'begin', version: previous.data } : refused('upgrade_no_previous');
}
