import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { apiPath, type StreamMessage } from '@tidegate/contract-api';
import { useEffect, useState, type ReactNode } from 'react';
import { KEYS } from '../api/queries.ts';
import { applyMessages } from './apply-messages.ts';
import { keepStream, type StreamState } from './event-stream.ts';
import { StreamStateContext } from './live-context.ts';
import { outrunAnswers } from './outrun-answers.ts';
import { createThrottle, later } from './throttle.ts';

const BATCH_MS = 100;
const LISTS_EVERY_MS = 2_000;
const COUNTS_EVERY_MS = 5_000;

const openLive = (client: QueryClient, onState: (state: StreamState) => void): (() => void) => {
  const invalidate = (...keys: readonly (readonly string[])[]) => {
    for (const queryKey of keys) void client.invalidateQueries({ queryKey });
  };
  const lists = createThrottle(() => invalidate(KEYS.lists), LISTS_EVERY_MS, later);
  const counts = createThrottle(() => invalidate(KEYS.counts), COUNTS_EVERY_MS, later);
  const events = createThrottle(() => invalidate(KEYS.eventsOfAll), LISTS_EVERY_MS, later);
  const outrun = outrunAnswers(client);
  let waiting: StreamMessage[] = [];
  const batch = createThrottle(
    () => {
      const messages = waiting;
      waiting = [];
      const stale = applyMessages(client, messages);
      if (stale.lists) lists.request();
      if (stale.counts) counts.request();
      if (messages.some((message) => message.type === 'event')) events.request();
    },
    BATCH_MS,
    later,
  );
  const closeStream = keepStream({
    open: () => new EventSource(apiPath('openStream')),
    schedule: later,
    onState,
    onMessage: (message) => {
      outrun.remember(message);
      waiting.push(message);
      batch.request();
    },
    onOpen: () => invalidate(KEYS.lists, KEYS.counts, KEYS.nodeDetails, KEYS.allEvents, KEYS.eventsOfAll, KEYS.allUpgrades),
    onRefused: () => invalidate(KEYS.session),
  });
  return () => {
    closeStream();
    outrun.stop();
    for (const throttle of [batch, lists, counts, events]) throttle.stop();
  };
};

/** Keeps everything inside up to date from the manager's stream while somebody is signed in. */
export function LiveUpdates({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  useEffect(() => openLive(client, setState), [client]);
  return <StreamStateContext value={state}>{children}</StreamStateContext>;
}
