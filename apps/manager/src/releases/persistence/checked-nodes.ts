import type { Reach } from '@tidegate/domain-access';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

/** What a node said of itself, as far as a check needs it. Whatever shape a newer or broken node sent, what does not fit is absent. */
export interface CheckedNode {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly softwareVersion: string | null;
  readonly manifestSha256: string | null;
  readonly versionFloor: string | null;
  readonly guardVersion: string | null;
  readonly capabilities: readonly string[];
  readonly arch: string | null;
  readonly env_names: string[];
  readonly posture: Record<string, string | boolean | number>;
}

interface Row {
  id: string;
  group_id: string;
  device_type: string;
  software_version: string | null;
  report: unknown;
  facts: unknown;
}

const text = z.string().nullable().catch(null);
const list = z.array(z.string()).catch([]);
const reported = z
  .object({ manifest_sha256: text, version_floor: text, guard_version: text, capabilities: list })
  .catch({ manifest_sha256: null, version_floor: null, guard_version: null, capabilities: [] });
const saidOfHost = z
  .object({ arch: text, env_names: list, posture: z.record(z.string(), z.union([z.string(), z.boolean(), z.number()])).catch({}) })
  .catch({ arch: null, env_names: [], posture: {} });

function nodeOf(row: Row): CheckedNode {
  const report = reported.parse(row.report);
  return {
    id: row.id,
    groupId: row.group_id,
    deviceType: row.device_type,
    softwareVersion: row.software_version,
    manifestSha256: report.manifest_sha256,
    versionFloor: report.version_floor,
    guardVersion: report.guard_version,
    capabilities: report.capabilities,
    ...saidOfHost.parse(row.facts),
  };
}

const COLUMNS = `n.id, n.group_id, n.device_type, n.facts, b.software_version, jsonb_build_object(
    'manifest_sha256', r.report->'manifest_sha256', 'version_floor', r.report->'version_floor',
    'guard_version', r.report->'guard_version', 'capabilities', b.report->'capabilities') AS report`;
const REPORTED = 'LEFT JOIN node_beats b ON b.node_id = n.id LEFT JOIN node_reports r ON r.node_id = n.id';

/** In no order; ids that nobody has are left out. */
export async function findCheckedNodes(em: EntityManager, ids: readonly string[]): Promise<CheckedNode[]> {
  const rows = await em.query<Row[]>(`SELECT ${COLUMNS} FROM nodes n ${REPORTED} WHERE n.removed_at IS NULL AND n.id = ANY($1::uuid[])`, [
    [...ids],
  ]);
  return rows.map(nodeOf);
}

export interface NodeFilter {
  readonly group?: string | undefined;
  readonly device_type?: string | undefined;
  readonly running_version?: string | undefined;
}

/** By id, after `after`. Revoked nodes are nobody's to upgrade. */
export async function listCheckedNodes(
  em: EntityManager,
  filter: NodeFilter,
  reach: Reach | null,
  page: { readonly after: string | null; readonly limit: number },
): Promise<CheckedNode[]> {
  const rows = await em.query<Row[]>(
    `SELECT ${COLUMNS}
       FROM nodes n JOIN groups g ON g.id = n.group_id ${REPORTED}
      WHERE n.revoked_at IS NULL AND n.removed_at IS NULL AND ($1::uuid IS NULL OR n.id > $1)
        AND ($2::text IS NULL OR g.name = $2) AND ($3::text IS NULL OR n.device_type = $3) AND ($4::text IS NULL OR b.software_version = $4)
        AND ($5 OR n.group_id = ANY($6::uuid[]) OR n.id = ANY($7::uuid[]))
      ORDER BY n.id LIMIT $8`,
    [
      page.after,
      filter.group ?? null,
      filter.device_type ?? null,
      filter.running_version ?? null,
      reach === null,
      [...(reach?.groupIds ?? [])],
      [...(reach?.nodeIds ?? [])],
      page.limit,
    ],
  );
  return rows.map(nodeOf);
}
