import type { Channel, DeviceType, ReleaseVersion, Sha256 } from '@tidegate/contract-manifest';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Hours of the wall clock. `to` not after `from` runs over midnight and belongs to the day it began on; equal = the whole day. */
export interface MaintenanceWindow {
  readonly days: readonly Weekday[];
  /** `HH:MM`, 24 hours. */
  readonly from: string;
  readonly to: string;
  /** IANA name, e.g. `Europe/Vienna`. */
  readonly timeZone: string;
}

/** The node's own rules, from its config.json. Nothing a manager sends can change them. */
export interface UpgradePolicy {
  readonly enabled: boolean;
  readonly allowedChannels: readonly Channel[];
  readonly minVersion: ReleaseVersion | null;
  /** How many minor versions below the highest ever committed a lower version may be. */
  readonly rollbackGrace: number;
  readonly allowMajor: boolean;
  readonly maxAttemptsPerDay: number;
  readonly minAttemptIntervalSecs: number;
  /** Everything but the activation happens by itself; that waits for a person on the node. */
  readonly manualOnly: boolean;
  /** When the node may activate; null = always. Outside it releases are staged and wait. */
  readonly maintenanceWindow: MaintenanceWindow | null;
}

export interface SkippedRelease {
  readonly digest: Sha256;
  readonly version: ReleaseVersion;
  readonly reason: string;
  /** How often a command asked to try it again all the same; two at most, then only a person on the node. */
  readonly retries: number;
}

/** A migration the node's data went through, and the version that brought it. */
export interface AppliedMigration {
  readonly id: string;
  readonly version: ReleaseVersion;
  /** Versions without this migration can live with the data it leaves. */
  readonly reversible: boolean;
}

/** What the node has learned from releases it committed; survives reverts. */
export interface NodeMemory {
  readonly running: ReleaseVersion;
  readonly runningDigest: Sha256 | null;
  readonly previous: { readonly version: ReleaseVersion; readonly digest: Sha256 | null } | null;
  readonly highestCommitted: ReleaseVersion;
  readonly floor: { readonly version: ReleaseVersion; readonly sequence: number } | null;
  /** The floor's sequence by channel, because each channel counts for itself; none = that of `floor` is every channel's. */
  readonly floorSequences: Readonly<Record<string, number>>;
  readonly revoked: readonly Sha256[];
  /** The statement committed or verified for each version. */
  readonly statements: Readonly<Record<string, { readonly digest: Sha256; readonly sequence: number }>>;
  readonly skipList: readonly SkippedRelease[];
  readonly migrations: readonly AppliedMigration[];
}

export interface NodeSelf {
  readonly deviceType: DeviceType;
  readonly arch: string;
  readonly variant: 'full' | 'thin';
  readonly agentVersion: ReleaseVersion;
  readonly guardVersion: ReleaseVersion | null;
  readonly envNames: ReadonlySet<string>;
}

export interface UpgradeRequest {
  readonly version: ReleaseVersion;
  readonly channel: Channel;
  readonly expectedDigest: Sha256 | null;
  readonly retrySkipped: boolean;
}

/** Seconds since each earlier attempt, newest first. */
export type AttemptAges = readonly number[];
