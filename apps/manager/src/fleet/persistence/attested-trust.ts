import type { EntityManager } from 'typeorm';
import type { AttestedTrust } from '../device-type-norm.ts';

/** Few rows whatever the fleet's size, but it reads every beat: callers keep the answer for a while. */
export const selectAttestedTrust = (em: EntityManager): Promise<AttestedTrust[]> =>
  em.query<AttestedTrust[]>(`
    SELECT device_type, trust_fingerprint, count(*)::int AS nodes, max(highest_sequence)::float8 AS newest_sequence,
      max(guard_key) AS newest_guard
    FROM node_beats
    WHERE group_id IS NOT NULL AND NOT revoked AND last_beat_at IS NOT NULL
    GROUP BY 1, 2`);
