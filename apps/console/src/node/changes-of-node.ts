import { KEYS } from '../api/queries.ts';

/** Everything that shows a node; the stream brings the rest. */
export const changesOfNode = (id: string) => [KEYS.node(id), KEYS.lists, KEYS.counts, KEYS.explanations] as const;
