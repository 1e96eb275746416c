import { createHash } from 'node:crypto';
import { nodeFacts, type NodeFacts, type NodeView } from '@tidegate/contract-api';
import { nodeId } from '@tidegate/contract-protocol';
import { badgeOf, viewOfUpgrade, type UpgradeRecord } from '../upgrades/index.ts';
import type { FactsRow } from './persistence/node-facts.ts';
import type { NodeRow } from './persistence/node-rows.ts';

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

/** A report that a newer or broken node sent in another shape must not take the page down: what does not fit is left out. */
export function viewOfNode(row: NodeRow, upgrade: UpgradeRecord | undefined): NodeView {
  const report = row.report ?? {};
  const checks = list(report['checks']) as { id?: unknown; ok?: unknown }[];
  return {
    id: nodeId.parse(row.id),
    name: row.display_name ?? row.name,
    display_name: row.display_name,
    group: row.group,
    group_id: row.group_id,
    labels: { ...row.labels },
    device_type: row.device_type,
    software_version: row.software_version,
    committed_version: text(report['committed_version']),
    previous_version: text(report['previous_version']),
    badge: badgeOf(upgrade),
    connection: row.connection,
    last_seen_at: iso(row.last_beat_at),
    enrolled_at: row.enrolled_at.toISOString(),
    capabilities: list(report['capabilities']).filter((entry) => typeof entry === 'string'),
    os: row.os ?? '',
    arch: row.arch ?? '',
    guard_version: text(report['guard_version']),
    trust_fingerprint: text(report['trust_fingerprint']),
    trust_purpose: text(report['trust_purpose']),
    behind_sequence: row.behind_sequence,
    trust_differs: row.trust_differs,
    guard_outdated: row.guard_outdated,
    failing_checks: checks.flatMap((check) => (check.ok === false && typeof check.id === 'string' ? [check.id] : [])),
    upgrade: upgrade ? viewOfUpgrade(upgrade) : null,
    maintenance: maintenanceOf(row),
    quarantine: row.quarantined_at && {
      reason: 'clone',
      since: row.quarantined_at.toISOString(),
      details: { ...row.quarantine_details },
    },
    revoked_at: iso(row.revoked_at),
    removed_at: iso(row.removed_at),
    key_rotation: row.key_rotation_state,
    revision: row.revision,
  };
}

/** One whose end has passed is over, though nobody has ended it. */
function maintenanceOf(row: NodeRow): NodeView['maintenance'] {
  if (!row.in_maintenance || !row.maintenance_since) return null;
  const { maintenance_reason: reason, maintenance_by: by } = row;
  return { reason: reason ?? '', since: row.maintenance_since.toISOString(), until: iso(row.maintenance_until), by: by ?? '' };
}

export function factsOf(row: FactsRow): NodeFacts {
  const report = nodeFacts.shape.report.safeParse(row.report);
  const facts = nodeFacts.shape.facts.safeParse(row.facts);
  return {
    node_id: nodeId.parse(row.id),
    facts: facts.success ? facts.data : null,
    // They come with every session.
    facts_at: iso(row.connected_at ?? row.enrolled_at),
    report: report.success ? report.data : null,
    report_at: iso(row.reported_at),
    session: sessionOf(row),
    key: {
      fingerprint: row.removed_at ? '' : createHash('sha256').update(Buffer.from(row.public_key, 'base64url')).digest('hex'),
      since: (row.key_since ?? row.enrolled_at).toISOString(),
      rotation:
        row.key_rotation_state && row.key_rotation_asked_at
          ? { state: row.key_rotation_state, asked_at: row.key_rotation_asked_at.toISOString(), error_code: row.key_rotation_error }
          : null,
    },
  };
}

function sessionOf(row: FactsRow): NodeFacts['session'] {
  if (row.epoch === null || !row.connected_at) return null;
  return {
    epoch: Number(row.epoch),
    connected_at: row.connected_at.toISOString(),
    disconnected_at: iso(row.disconnected_at),
    run_id: row.run_id ?? '',
    boot_id: row.boot_id ?? '',
    machine_id: row.machine_id ?? '',
    in_trial: row.in_trial ?? false,
  };
}
