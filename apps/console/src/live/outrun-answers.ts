import type { QueryClient } from '@tanstack/react-query';
import type { StreamMessage } from '@tidegate/contract-api';
import { KEYS } from '../api/queries.ts';
import { applyMessages } from './apply-messages.ts';

/** What the stream writes into; counts and releases do not come by it. */
const MERGED: readonly unknown[] = [KEYS.lists[0], KEYS.nodeDetails[0], KEYS.allEvents[0], KEYS.allUpgrades[0]];

/**
 * An answer can be older than what the stream said while it was on its way, and writing it would put the old state back for
 * good: a node that had failed was shown as verifying until the page was loaded anew. So what came since a query began is
 * merged again once it is answered. That is safe even when the answer is the newer of the two: whatever changed in between
 * is still to come by the stream.
 */
export const outrunAnswers = (client: QueryClient): { remember: (message: StreamMessage) => void; stop: () => void } => {
  /** Query -> how many messages were remembered when it began. */
  const begun = new Map<string, number>();
  let remembered: StreamMessage[] = [];
  const end = (queryHash: string): StreamMessage[] => {
    const from = begun.get(queryHash);
    if (from === undefined) return [];
    const missed = remembered.slice(from);
    begun.delete(queryHash);
    if (begun.size === 0) remembered = [];
    return missed;
  };
  const stop = client.getQueryCache().subscribe((event) => {
    const { queryHash, state } = event.query;
    const queryKey: readonly unknown[] = event.query.queryKey as readonly unknown[];
    if (!MERGED.includes(queryKey[0])) return;
    if (event.type === 'removed') end(queryHash);
    if (event.type !== 'updated') return;
    if (event.action.type === 'fetch') begun.set(queryHash, remembered.length);
    // A merge of our own ends no query: its state stays `fetching`.
    if (state.fetchStatus !== 'idle') return;
    const missed = end(queryHash);
    if (event.action.type === 'success' && missed.length > 0) queueMicrotask(() => applyMessages(client, missed));
  });
  return {
    remember: (message) => {
      if (begun.size > 0) remembered.push(message);
    },
    stop,
  };
};
