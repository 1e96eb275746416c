import { useQuery } from '@tanstack/react-query';
import type { Action, NodeView, SessionView } from '@tidegate/contract-api';
import { may, type Target } from '@tidegate/domain-access';
import { useCaller } from '../api/caller-context.ts';
import { sessionQuery } from '../api/queries.ts';
import { principalOf } from './principal-of.ts';

/** Without a target: on anything at all? */
export type May = (action: Action, target?: Target) => boolean;

const nothing: May = () => false;
const mayOf = (session: SessionView | null): May => {
  if (session === null) return nothing;
  const principal = principalOf(session);
  return (action, target) => may(principal, action, target);
};

/** The same function as long as the session is the same. */
export const useMay = (): May => useQuery({ ...sessionQuery(useCaller()), select: mayOf }).data ?? nothing;

export const targetOf = (node: Pick<NodeView, 'id' | 'group_id'>): Target => ({ groupId: node.group_id ?? '', nodeId: node.id });
