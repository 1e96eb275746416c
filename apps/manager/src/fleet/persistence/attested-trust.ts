import type { EntityManager } from 'typeorm';
import type { AttestedTrust } from '../device-type-norm.ts';

/** Few rows whatever the fleet's size, but it reads every beat: callers keep the answer for a while. */
export const selectAttestedTrust = (em: EntityManager): Promise<AttestedTrust[]> =>
  em.query<AttestedTrust[]>(`
    SELECT n.device_type, b.report->>'trust_fingerprint' AS trust_fingerprint, count(*)::int AS nodes,
      max(CASE WHEN jsonb_typeof(b.report->'highest_sequence') = 'number' THEN b.report->'highest_sequence' END::float8) AS newest_sequence
    FROM nodes n JOIN node_beats b ON b.node_id = n.id
    WHERE n.revoked_at IS NULL
    GROUP BY 1, 2`);
