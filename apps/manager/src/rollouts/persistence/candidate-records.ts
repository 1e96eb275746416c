import type { Candidate } from '@tidegate/domain-rollout';
import type { EntityManager } from 'typeorm';

export interface NamedCandidate extends Candidate {
  readonly name: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly version: string | null;
  readonly os: string | null;
  readonly arch: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly capable: boolean;
  readonly maintenance: boolean;
  readonly quarantined: boolean;
  readonly revoked: boolean;
}

const SELECT = `SELECT n.id, b.shown_name AS name, s.node_id IS NOT NULL AS online, b.software_version AS version, n.facts->>'os' AS os,
    n.facts->>'arch' AS arch, n.labels, coalesce(b.report->'capabilities' ? 'upgrade', false) AS capable,
    coalesce(b.maintenance_until > $3, false) AS maintenance, coalesce(b.quarantined, false) AS quarantined,
    coalesce(b.revoked, false) AS revoked
   FROM node_beats b JOIN nodes n ON n.id = b.node_id`;

// Neither the channels that a node's own policy allows nor pins are known to the manager: the node refuses by itself.
const candidateOf = (row: Row): NamedCandidate => ({ ...row, os: row.os ?? '', arch: row.arch ?? '', channels: null, pinnedTo: null });

/** Every node of a group and type that was not decommissioned, by id. */
export async function readCandidates(em: EntityManager, groupId: string, deviceType: string, now: Date): Promise<NamedCandidate[]> {
  const rows = await em.query<Row[]>(
    `${SELECT} LEFT JOIN node_sessions s ON s.node_id = n.id AND s.disconnected_at IS NULL
      WHERE b.group_id = $1 AND b.device_type = $2 ORDER BY n.id`,
    [groupId, deviceType, now],
  );
  return rows.map(candidateOf);
}

/** Connected nodes of the group that this rollout has not selected and that run something else: they joined, or could not be selected. */
export async function readJoiners(
  em: EntityManager,
  rollout: { readonly id: string; readonly groupId: string; readonly deviceType: string; readonly version: string },
  now: Date,
  limit: number,
): Promise<NamedCandidate[]> {
  const rows = await em.query<Row[]>(
    `${SELECT} JOIN node_sessions s ON s.node_id = n.id AND s.disconnected_at IS NULL
      WHERE b.group_id = $1 AND b.device_type = $2 AND b.software_version IS DISTINCT FROM $4
        AND NOT EXISTS (SELECT 1 FROM rollout_targets t WHERE t.rollout_id = $5 AND t.node_id = n.id)
      ORDER BY n.id LIMIT $6`,
    [rollout.groupId, rollout.deviceType, now, rollout.version, rollout.id, limit],
  );
  return rows.map(candidateOf);
}

export async function deviceTypesOf(em: EntityManager, groupId: string): Promise<string[]> {
  const rows = await em.query<{ device_type: string }[]>('SELECT DISTINCT device_type FROM node_beats WHERE group_id = $1 ORDER BY 1', [
    groupId,
  ]);
  return rows.map((row) => row.device_type);
}
