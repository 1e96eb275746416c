import { describe, expect, it } from '@jest/globals';
import { QueryClient } from '@tanstack/react-query';
import type { NodeView, StreamMessage } from '@tidegate/contract-api';
import { KEYS } from '../api/queries.ts';
import { filterFromUrl } from '../nodes/node-filter.ts';
import { aNode, uuid } from '../testing/views.ts';
import { applyMessages } from './apply-messages.ts';
import { outrunAnswers } from './outrun-answers.ts';

const key = [...KEYS.lists, filterFromUrl(new URLSearchParams())];
const online = aNode({ id: uuid(1), connection: 'online' });
const offline = aNode({ id: uuid(1), connection: 'offline' });
const pageOf = (node: NodeView) => ({ pages: [{ items: [node], next_cursor: null, total: 1 }], pageParams: [null] });
const message = (node: NodeView): StreamMessage => ({ type: 'node', node });

const anAnswer = () => {
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
};

const setUp = () => {
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity, retry: false } } });
  client.setQueryData(key, pageOf(online));
  const live = outrunAnswers(client);
  const hear = (node: NodeView) => {
    live.remember(message(node));
    applyMessages(client, [message(node)]);
  };
  const ask = (answer: Promise<unknown>) => client.fetchQuery({ queryKey: key, queryFn: () => answer, staleTime: 0 });
  const shown = () => client.getQueryData<ReturnType<typeof pageOf>>(key)?.pages[0]?.items[0]?.connection;
  return { live, hear, ask, shown };
};

describe('an answer that was on its way while the stream spoke', () => {
  it('does not put the older state back', async () => {
    const { hear, ask, shown } = setUp();
    const answer = anAnswer();
    const asked = ask(answer.promise);
    hear(offline);
    answer.resolve(pageOf(online));
    await asked;
    expect(shown()).toBe('offline');
  });

  it('still counts where the stream said nothing since it was asked for', async () => {
    const { hear, ask, shown } = setUp();
    hear(offline);
    await ask(Promise.resolve(pageOf(online)));
    expect(shown()).toBe('online');
  });

  it('does not hold on to messages of a query that failed', async () => {
    const { hear, ask, shown } = setUp();
    const answer = anAnswer();
    const asked = ask(answer.promise);
    hear(offline);
    answer.reject(new Error('no answer'));
    await expect(asked).rejects.toThrow('no answer');
    await ask(Promise.resolve(pageOf(online)));
    expect(shown()).toBe('online');
  });

  it('is left alone after the page was closed', async () => {
    const { live, hear, ask, shown } = setUp();
    live.stop();
    const answer = anAnswer();
    const asked = ask(answer.promise);
    hear(offline);
    answer.resolve(pageOf(online));
    await asked;
    expect(shown()).toBe('online');
  });
});
