import { describe, expect, it } from '@jest/globals';
import { QueryClient } from '@tanstack/react-query';
import type { StreamMessage } from '@tidegate/contract-api';
import { KEYS } from '../api/queries.ts';
import { filterFromUrl } from '../nodes/node-filter.ts';
import { aNode, anEvent, anUpgrade, uuid } from '../testing/views.ts';
import { applyMessages } from './apply-messages.ts';

const node = aNode({ id: uuid(1) });
const allKey = [...KEYS.lists, filterFromUrl(new URLSearchParams())];
const clientWith = (entries: [readonly unknown[], unknown][]) => {
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity } } });
  client.setQueryData(allKey, { pages: [{ items: [node], next_cursor: null, total: 1 }], pageParams: [null] });
  for (const [key, data] of entries) client.setQueryData(key, data);
  return client;
};
const nodeMessage = (change: object): StreamMessage => ({ type: 'node', node: { ...node, ...change } });

describe('a batch of stream messages', () => {
  it('keeps the last of several states of one node and asks for nothing on a plain beat', () => {
    const client = clientWith([]);
    const beat = nodeMessage({ last_seen_at: '2026-03-01T12:00:30.000Z' });
    expect(applyMessages(client, [nodeMessage({ last_seen_at: null }), beat])).toEqual({ lists: false, counts: false });
    expect(client.getQueryData(allKey)).toMatchObject({ pages: [{ items: [{ last_seen_at: '2026-03-01T12:00:30.000Z' }] }] });
  });

  it('asks for new counts when a badge or a connection changed', () => {
    expect(applyMessages(clientWith([]), [nodeMessage({ connection: 'offline' })])).toEqual({ lists: false, counts: true });
  });

  it('updates the node, upgrades and events that are open, and caches nothing for those that are not', () => {
    const upgrade = anUpgrade({ state: 'trial' });
    const client = clientWith([
      [KEYS.node(node.id), node],
      [KEYS.upgrades(node.id), { items: [], next_cursor: null }],
      [KEYS.events(node.id), { pages: [{ items: [], next_cursor: null }], pageParams: [null] }],
    ]);
    const other = aNode({ id: uuid(2), upgrade });
    applyMessages(client, [nodeMessage({ upgrade }), { type: 'node', node: other }, { type: 'event', event: anEvent() }]);
    expect(client.getQueryData(KEYS.node(node.id))).toMatchObject({ upgrade: { state: 'trial' } });
    expect(client.getQueryData(KEYS.upgrades(node.id))).toMatchObject({ items: [{ state: 'trial' }] });
    expect(client.getQueryData(KEYS.events(node.id))).toMatchObject({ pages: [{ items: [{ name: 'upgrade_started' }] }] });
    expect(client.getQueryData(KEYS.node(other.id))).toBeUndefined();
    expect(client.getQueryData(KEYS.upgrades(other.id))).toBeUndefined();
  });

  it('takes a removed node out of the lists', () => {
    const client = clientWith([]);
    expect(applyMessages(client, [{ type: 'node_removed', node_id: node.id }])).toEqual({ lists: false, counts: true });
    expect(client.getQueryData(allKey)).toMatchObject({ pages: [{ items: [], total: 0 }] });
  });
});
