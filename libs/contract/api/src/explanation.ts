import { z } from 'zod';
import { channel, releaseVersion } from '@tidegate/contract-manifest';
import { nodeId } from '@tidegate/contract-protocol';

/** Asked about one release; without a version: about the newest of the channel. */
export const explainNode = z.strictObject({
  version: releaseVersion.optional(),
  channel: channel.default('stable' as z.infer<typeof channel>),
});

interface Explanation {
  readonly sentence: string;
  readonly next: string;
  /** Who has to move for anything to change. */
  readonly waitsFor: 'person' | 'node' | 'manager' | 'publisher' | 'nobody';
}
const says = (waitsFor: Explanation['waitsFor'], sentence: string, next: string): Explanation => ({ sentence, next, waitsFor });

/**
 * Why a node is where it is: in this order, the first that holds is the answer. Codes are frozen once released. `{…}` stands for a
 * detail of that name. The manager decides by exactly this table; docs/explain.md is made from it.
 */
export const EXPLANATIONS = {
  node_removed: says('person', 'The node was decommissioned.', 'Enrol the machine again if it is to be upgraded.'),
  node_revoked: says('person', 'The node’s key was revoked, so it cannot connect.', 'Enrol it again with a new registration token.'),
  node_quarantined: says(
    'person',
    'Two machines use this node’s identity, and nobody knows which of them would be meant.',
    'Find both, enrol one of them anew, then release the node.',
  ),
  waits_for_node: says(
    'node',
    'The upgrade to {version} waits for the node, which is not connected.',
    'It is sent as soon as the node is back, and ends at {deadline_at} otherwise.',
  ),
  waits_for_answer: says(
    'node',
    'The upgrade to {version} was sent, and the node has not answered yet.',
    'It is sent again when the node connects anew, and ends at {deadline_at} without an answer.',
  ),
  staged_for_person: says(
    'person',
    'Version {version} is complete on the node’s disk, and its policy leaves the rest to a person on the node.',
    'Run `tidegate-edge apply` on the node, or cancel the upgrade.',
  ),
  staged: says(
    'node',
    'Version {version} is complete on the node’s disk.',
    'The node activates it when its maintenance window is open, at once where it has none.',
  ),
  trial_unheard: says(
    'node',
    'Version {version} is on trial, and the node has not been heard since {last_seen_at}.',
    'Either the version reports, or the boot guard takes the node back when the trial’s time is over; while the manager is away it waits.',
  ),
  on_trial: says(
    'node',
    'Version {version} runs and has to prove itself.',
    'The boot guard commits it when it is healthy, and takes the node back otherwise.',
  ),
  going_back: says('node', 'The boot guard takes the node back from {version}.', 'The node says why as soon as it is back.'),
  respawning: says('node', 'The node is restarting into {version}.', 'It connects again within its boot deadline.'),
  in_progress: says('node', 'The upgrade to {version} is under way: {state}.', 'It ends by {deadline_at} at the latest.'),
  node_never_connected: says('node', 'The node has never reported.', 'Start its agent; what it runs is known with its first beat.'),
  node_offline: says(
    'node',
    'The node has not been heard since {last_seen_at}.',
    'Bring it back, or request the upgrade with queue: true.',
  ),
  node_stale: says('node', 'The node has missed its last beats.', 'Wait a moment: it is either back soon or offline.'),
  no_upgrade_module: says('person', 'The node’s agent cannot upgrade itself.', 'Install an agent with the upgrade module.'),
  in_maintenance: says(
    'person',
    'The node is in maintenance: {reason}.',
    'End its maintenance, wait until it is over, or request the upgrade with in_maintenance: true.',
  ),
  no_release_source: says(
    'person',
    'No release source is configured for this device type.',
    'Configure one, or request a version by its number.',
  ),
  source_unavailable: says(
    'manager',
    'The release source does not answer, so nobody knows what is newest.',
    'The manager asks again by itself.',
  ),
  version_unknown: says(
    'publisher',
    'The release source lists no such release.',
    'Choose a version and a channel from the list of releases.',
  ),
  version_not_comparable: says('person', 'The node runs something that is no release version.', 'Request a version by its number.'),
  check_failed: says('manager', 'The upgrade check met a fault.', 'Look into the manager’s log.'),
  behind_statements: says(
    'node',
    'The node runs the newest version that is listed, but others of its type have verified newer statements.',
    'Look whether the node’s own release source is up to date or kept from it.',
  ),
  newest_runs: says('nobody', 'The node runs {running_version}, and nothing newer is wanted.', 'Nothing.'),
  disabled_by_policy: says(
    'person',
    'The node has upgrades switched off.',
    'Set upgrade.enabled in its config.json and restart the agent.',
  ),
  channel_not_allowed: says(
    'person',
    'The node’s policy does not allow the channel {channel}.',
    'Allow it in the node’s config.json, or choose another channel.',
  ),
  on_skip_list: says(
    'person',
    'Version {version} was reverted on this node before.',
    'Find out why; then request it with retry_skipped, or clear it on the node with `tidegate-edge unblock`.',
  ),
  rate_limited: says('person', 'The node had too many attempts in a short time.', 'Wait, then request the upgrade again.'),
  last_refused: says(
    'person',
    'The node refused {version}: {error_code}.',
    'Put right what the code names, then request the upgrade again.',
  ),
  last_cancelled: says('person', 'The upgrade to {version} was cancelled.', 'Request it again when it is wanted.'),
  last_failed: says('person', 'The last upgrade to {version} failed: {error_code}.', 'Look at the error, then request the upgrade again.'),
  would_be_refused: says(
    'person',
    'The node would refuse {version}: {error_code}.',
    'Put right what the code names, then request the upgrade.',
  ),
  not_requested: says('person', 'Version {version} is available, and nobody has requested it for this node.', 'Request the upgrade.'),
} as const satisfies Record<string, Explanation>;
export type ExplanationCode = keyof typeof EXPLANATIONS;

export const nodeExplanation = z.object({
  node_id: nodeId,
  code: z.enum(Object.keys(EXPLANATIONS) as [ExplanationCode, ...ExplanationCode[]]),
  sentence: z.string(),
  /** What happens by itself, or what a person can do. */
  next_step: z.string(),
  waits_for: z.enum(['person', 'node', 'manager', 'publisher', 'nobody']),
  /** Since when it is so, as far as the manager knows. */
  since: z.iso.datetime().nullable(),
  running_version: z.string().nullable(),
  /** What it would be upgraded to, or is being upgraded to. */
  version: z.string().nullable(),
  channel: z.string(),
  upgrade_id: z.uuid().nullable(),
  error_code: z.string().nullable(),
  explained_at: z.iso.datetime(),
});
export type NodeExplanation = z.infer<typeof nodeExplanation>;
