import { describe, expect, it } from '@jest/globals';
import type { NodeView } from '@tidegate/contract-api';
import { filterFromUrl } from '../nodes/node-filter.ts';
import { aNode, anEvent, anUpgrade, uuid } from '../testing/views.ts';
import { mergeEvents, mergeNodes, mergeUpgrade, removeNodes, type EventList, type NodeList } from './merge-stream.ts';

const list = (nodes: NodeView[], next: string | null = null): NodeList => ({
  pages: [{ items: nodes, next_cursor: next, total: nodes.length, total_capped: false }],
  pageParams: [null],
});
const changes = (...nodes: NodeView[]) => new Map(nodes.map((node) => [node.id as string, node]));
const filter = (text = '') => filterFromUrl(new URLSearchParams(text));
const badge = (kind: string) => ({ kind, phase: null, to_version: null, error_code: null, since: null });
const one = aNode({ id: uuid(1), name: 'one' });
const two = aNode({ id: uuid(2), name: 'two' });

describe('a node from the stream', () => {
  it('replaces its row, leaves the others and does not ask for the list again', () => {
    const beat = { ...two, last_seen_at: '2026-03-01T12:00:15.000Z' };
    const merged = mergeNodes(list([one, two]), filter(), changes(beat));
    expect(merged.data.pages[0]?.items).toEqual([one, beat]);
    expect(merged.data.pages[0]?.items[0]).toBe(one);
    expect(merged.stale).toBe(false);
  });

  it('makes the list stale when it is new and every page is loaded', () => {
    const before = list([one]);
    expect(mergeNodes(before, filter(), changes(two))).toEqual({ data: before, stale: true });
  });

  it('is left to a page that was not loaded yet', () => {
    const before = list([one], 'more');
    const merged = mergeNodes(before, filter(), changes(two));
    expect(merged.data).toBe(before);
    expect(merged.stale).toBe(false);
  });

  it.each([
    ['its badge no longer fits', 'badge=upgrading', aNode({ ...one, badge: badge('updated') })],
    ['its connection no longer fits', 'connection=online', aNode({ ...one, connection: 'offline' })],
    ['its name changed and names order the list', '', aNode({ ...one, name: 'renamed' })],
    ['its version changed and versions order the list', 'sort=software_version', aNode({ ...one, software_version: '1.1.0' })],
  ])('makes the list stale when %s', (_, search, after) => {
    expect(mergeNodes(list([one, two]), filter(search), changes(after)).stale).toBe(true);
  });

  it('does not reorder on every beat while sorted by last contact', () => {
    const beat = { ...one, last_seen_at: '2026-03-01T12:00:15.000Z' };
    expect(mergeNodes(list([one, two]), filter('sort=last_seen_at'), changes(beat)).stale).toBe(false);
  });

  it('does not ask again for a new node that the filter leaves out', () => {
    expect(mergeNodes(list([]), filter('badge=rolled_back'), changes(two)).stale).toBe(false);
  });

  it('takes a removed one out and counts down', () => {
    const { data } = removeNodes(list([one, two]), new Set([uuid(1)]));
    expect(data.pages[0]).toMatchObject({ items: [two], total: 1 });
  });
});

describe('events and upgrades from the stream', () => {
  const events = (...ids: number[]): EventList => ({
    pages: [{ items: ids.map((id) => anEvent({ id: uuid(id) })), next_cursor: null }],
    pageParams: [null],
  });

  it('puts new events first, newest on top, each once', () => {
    const merged = mergeEvents(events(2, 1), [
      anEvent({ id: uuid(2) }),
      anEvent({ id: uuid(3) }),
      anEvent({ id: uuid(4) }),
      anEvent({ id: uuid(4) }),
    ]);
    expect(merged.pages[0]?.items.map((event) => event.id)).toEqual([uuid(4), uuid(3), uuid(2), uuid(1)]);
  });

  it('replaces a known upgrade and puts a new one first', () => {
    const first = { items: [anUpgrade({ id: uuid(901) })], next_cursor: null };
    const moved = mergeUpgrade(first, anUpgrade({ id: uuid(901), state: 'trial' }));
    expect(moved.items.map((item) => item.state)).toEqual(['trial']);
    expect(mergeUpgrade(moved, anUpgrade({ id: uuid(902) })).items.map((item) => item.id)).toEqual([uuid(902), uuid(901)]);
  });
});
