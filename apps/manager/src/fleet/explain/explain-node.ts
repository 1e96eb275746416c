/** The decision table of docs/explain.md, in its order. Pure: from what the manager knows of a node to the one sentence about it. */
import type { ExplanationCode, NodeView, UpgradeCheck, UpgradeView } from '@tidegate/contract-api';

/** What fills the sentences, and since when it is so. */
export interface Finding {
  readonly code: ExplanationCode;
  readonly since: string | null;
  readonly upgrade?: UpgradeView;
  readonly errorCode?: string | null;
}

/** What is known without asking a release source; null when the answer depends on what there is to upgrade to. */
export function explainStanding(node: NodeView): Finding | null {
  if (node.removed_at) return { code: 'node_removed', since: node.removed_at };
  if (node.revoked_at) return { code: 'node_revoked', since: node.revoked_at };
  if (node.quarantine) return { code: 'node_quarantined', since: node.quarantine.since };
  if (node.upgrade && node.upgrade.finished_at === null) return explainRunning(node, node.upgrade);
  if (node.connection === 'never') return { code: 'node_never_connected', since: node.enrolled_at };
  if (node.connection === 'offline') return { code: 'node_offline', since: node.last_seen_at };
  if (node.connection === 'stale') return { code: 'node_stale', since: node.last_seen_at };
  if (!node.capabilities.includes('upgrade')) return { code: 'no_upgrade_module', since: null };
  if (node.maintenance) return { code: 'in_maintenance', since: node.maintenance.since };
  return null;
}

function explainRunning(node: NodeView, upgrade: UpgradeView): Finding {
  const step = upgrade.steps.at(-1);
  const found = (code: ExplanationCode): Finding => ({ code, since: step?.at ?? upgrade.requested_at, upgrade });
  const isAway = node.connection === 'offline' || node.connection === 'never';
  switch (upgrade.state) {
    case 'queued':
      return found('waits_for_node');
    case 'sent':
      return found(isAway ? 'waits_for_node' : 'waits_for_answer');
    case 'staged':
      if (step?.waits_for === 'person') return found('staged_for_person');
      return found(node.connection === 'respawning' ? 'respawning' : 'staged');
    case 'trial':
      return found(node.connection === 'online' ? 'on_trial' : 'trial_unheard');
    case 'rolling_back':
      return found('going_back');
    default:
      return found(node.connection === 'respawning' ? 'respawning' : 'in_progress');
  }
}

const BY_REASON: Readonly<Partial<Record<UpgradeCheck['reason'], ExplanationCode>>> = {
  no_source: 'no_release_source',
  source_unavailable: 'source_unavailable',
  version_not_listed: 'version_unknown',
  version_in_other_channel: 'version_unknown',
  channel_empty: 'version_unknown',
  version_not_comparable: 'version_not_comparable',
  node_never_reported: 'node_never_connected',
  node_not_found: 'node_removed',
  check_failed: 'check_failed',
};

/** How the node stands to the release; only for a node of which `explainStanding` says nothing. */
export function explainCheck(node: NodeView, check: UpgradeCheck): Finding {
  const code = BY_REASON[check.reason];
  if (code) return { code, since: null };
  if (check.outcome === 'up-to-date') return { code: node.behind_sequence ? 'behind_statements' : 'newest_runs', since: null };
  return explainLast(node.upgrade, check) ?? expectedRefusal(check) ?? { code: 'not_requested', since: null };
}

/** The node's own policy is known by its last refusal only; what it refused for good it would refuse again. */
function explainLast(upgrade: UpgradeView | null, check: UpgradeCheck): Finding | null {
  if (!upgrade || upgrade.action !== 'upgrade' || upgrade.state === 'committed') return null;
  const found = (code: ExplanationCode): Finding => ({ code, since: upgrade.finished_at, upgrade, errorCode: upgrade.error_code });
  if (upgrade.error_code === 'upgrade_disabled') return found('disabled_by_policy');
  if (upgrade.error_code === 'upgrade_channel_not_allowed' && upgrade.channel === check.channel) return found('channel_not_allowed');
  if (upgrade.version !== check.version) return null;
  if (upgrade.error_code === 'upgrade_skipped_version') return found('on_skip_list');
  // Reverted for lack of a manager alone, the release is not at fault.
  if (upgrade.state === 'rolled_back')
    return found(upgrade.error_details['reason'] === 'manager_unreachable' ? 'last_failed' : 'on_skip_list');
  if (upgrade.error_code === 'upgrade_rate_limited') return found('rate_limited');
  if (upgrade.error_code === 'upgrade_cancelled') return found('last_cancelled');
  return found(upgrade.state === 'refused' ? 'last_refused' : 'last_failed');
}

function expectedRefusal(check: UpgradeCheck): Finding | null {
  const [errorCode] = check.expected_refusals;
  return errorCode === undefined ? null : { code: 'would_be_refused', since: null, errorCode };
}
