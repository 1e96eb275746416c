import type { EventEntry } from './node-event.ts';

const entry = (severity: EventEntry['severity'], meaning: string): EventEntry => ({ category: 'platform', severity, meaning });

/** What the manager itself notices and a SIEM wants to know. Names are frozen once released, like those of nodes. */
export const PLATFORM_EVENTS = {
  node_enrolled: entry('info', 'A node gave a registration token and is known from now on.'),
  node_moved: entry('info', 'A node belongs to another group now.'),
  node_key_rotated: entry('info', 'A node authenticates with a new key.'),
  node_revoked: entry('warning', 'A node’s key is not accepted any more.'),
  node_removed: entry('warning', 'A node was decommissioned.'),
  node_clone_detected: entry('critical', 'Two machines use one node’s identity; it is kept out of rollouts until a person decides.'),
  node_clone_released: entry('info', 'A person decided that a node is no clone.'),
  upgrade_unreported: entry('warning', 'The manager ended an upgrade at its deadline: the node had not said how it ended.'),
  discovery_found: entry('info', 'A git remote has versions newer than what runs.'),
  discovery_failed: entry('warning', 'A git remote could not be read.'),
  release_source_failed: entry('warning', 'A release source does not answer; what it said last is shown.'),
  rollout_started: entry('info', 'A rollout began.'),
  rollout_paused: entry('warning', 'A rollout stopped to begin new upgrades.'),
  rollout_completed: entry('info', 'Every node of a rollout is done.'),
  sign_in_locked: entry('warning', 'A name was locked after failed sign-ins.'),
  replica_lost: entry('warning', 'A replica of the manager fell silent; its nodes connect to the others.'),
  audit_chain_broken: entry('critical', 'Rows of the audit trail are not what they were when they were chained.'),
} as const satisfies Record<string, EventEntry>;
export type PlatformEventName = keyof typeof PLATFORM_EVENTS;
