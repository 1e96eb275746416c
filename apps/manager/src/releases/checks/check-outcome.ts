/**
 * The outcome of an upgrade check, as a table: what the node runs, what was asked for and what the source says of it.
 *
 * | source        | runs            | asked for           | source says       | outcome             | reason                   |
 * | ------------- | --------------- | ------------------- | ----------------- | ------------------- | ------------------------ |
 * | none          | any             | any                 | -                 | not-release-sourced | no_source                |
 * | there         | never reported  | any                 | any               | unknown             | node_never_reported      |
 * | there         | no version      | any                 | any               | unknown             | version_not_comparable   |
 * | there         | a version       | that very one       | any               | up-to-date          | same_version             |
 * | there         | a version       | another             | does not answer   | unknown             | source_unavailable       |
 * | there         | a version       | another             | lacks it          | product-not-found   | version_not_listed       |
 * | there         | a version       | another             | other channel     | product-not-found   | version_in_other_channel |
 * | there         | a version       | newer               | has it            | upgrade-available   | newer                    |
 * | there         | a version       | older               | has it            | upgrade-available   | older                    |
 * | there         | a version       | newest of a channel | does not answer   | unknown             | source_unavailable       |
 * | there         | a version       | newest of a channel | has none          | product-not-found   | channel_empty            |
 * | there         | a version       | newest, is older    | has it            | up-to-date          | running_newer            |
 */
import type { CHECK_OUTCOMES, CHECK_REASONS } from '@tidegate/contract-api';
import { releaseVersion } from '@tidegate/contract-manifest';
import { compare } from 'semver';

export type CheckOutcome = (typeof CHECK_OUTCOMES)[number];
export type CheckReason = (typeof CHECK_REASONS)[number];

export interface CheckFacts {
  readonly hasSource: boolean;
  /** Null: the node has never said. */
  readonly running: string | null;
  /** Null: the newest of the channel. */
  readonly asked: string | null;
  /** The source's word on what was asked: a version it has (in this channel, or in another), that it has none, or nothing. */
  readonly listed: { readonly version: string; readonly inChannel: boolean } | 'no' | 'unknown';
}

const OUTCOME_OF: Readonly<Record<CheckReason, CheckOutcome>> = {
  same_version: 'up-to-date',
  running_newer: 'up-to-date',
  newer: 'upgrade-available',
  older: 'upgrade-available',
  no_source: 'not-release-sourced',
  version_not_listed: 'product-not-found',
  version_in_other_channel: 'product-not-found',
  channel_empty: 'product-not-found',
  source_unavailable: 'unknown',
  node_not_found: 'unknown',
  node_never_reported: 'unknown',
  version_not_comparable: 'unknown',
  check_failed: 'unknown',
};

export const outcomeOf = (reason: CheckReason): CheckOutcome => OUTCOME_OF[reason];

export function reasonOf({ hasSource, running, asked, listed }: CheckFacts): CheckReason {
  if (!hasSource) return 'no_source';
  if (running === null) return 'node_never_reported';
  if (!releaseVersion.safeParse(running).success) return 'version_not_comparable';
  if (asked === running) return 'same_version';
  if (listed === 'unknown') return 'source_unavailable';
  if (listed === 'no') return asked === null ? 'channel_empty' : 'version_not_listed';
  if (!listed.inChannel) return 'version_in_other_channel';
  const order = compare(listed.version, running);
  if (order === 0) return 'same_version';
  if (order > 0) return 'newer';
  return asked === null ? 'running_newer' : 'older';
}
