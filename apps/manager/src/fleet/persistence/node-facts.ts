import type { NodeFacts } from '@tidegate/contract-api';
import type { EntityManager } from 'typeorm';

export interface FactsRow {
  readonly id: string;
  readonly group_id: string;
  readonly facts: NodeFacts['facts'];
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly reported_at: Date | null;
  readonly public_key: string;
  readonly enrolled_at: Date;
  readonly key_since: Date | null;
  readonly removed_at: Date | null;
  readonly key_rotation_state: NonNullable<NodeFacts['key']['rotation']>['state'] | null;
  readonly key_rotation_asked_at: Date | null;
  readonly key_rotation_error: string | null;
  readonly epoch: string | null;
  readonly connected_at: Date | null;
  readonly disconnected_at: Date | null;
  readonly run_id: string | null;
  readonly boot_id: string | null;
  readonly machine_id: string | null;
  readonly in_trial: boolean | null;
}

export async function selectFacts(em: EntityManager, id: string): Promise<FactsRow | null> {
  const rows = await em.query<FactsRow[]>(
    `SELECT n.id, n.group_id, n.facts, r.report, r.reported_at, n.public_key, n.enrolled_at, n.key_since, n.removed_at,
       n.key_rotation_state, n.key_rotation_asked_at, n.key_rotation_error,
       s.epoch, s.connected_at, s.disconnected_at, s.run_id, s.boot_id, s.machine_id, s.in_trial
      FROM nodes n LEFT JOIN node_reports r ON r.node_id = n.id LEFT JOIN node_sessions s ON s.node_id = n.id WHERE n.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}
