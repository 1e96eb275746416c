import { describe, expect, it } from '@jest/globals';
import { aNode } from '../testing/views.ts';
import { changeFilter, filterFromUrl, filterToUrl, isNarrowed, listQuery, mayMatch, type NodeFilter } from './node-filter.ts';

const url = (text: string) => filterFromUrl(new URLSearchParams(text));

describe('the filter in the address bar', () => {
  it.each<NodeFilter>([
    { sort: 'name', order: 'asc' },
    { search: 'tank & pump', sort: 'last_seen_at', order: 'desc' },
    { badge: 'rolled_back', connection: 'offline', version: '1.2.0-rc.1', sort: 'software_version', order: 'asc' },
    { group: 'harbour', labels: 'site=quay 3,canary', maintenance: 'true', quarantined: 'false', sort: 'group', order: 'asc' },
  ])('survives a reload: %j', (filter) => expect(filterFromUrl(filterToUrl(filter))).toEqual(filter));

  it('leaves the address clean while nothing is filtered', () => expect(filterToUrl(url('')).toString()).toBe(''));

  it('drops what the API would refuse and keeps the rest', () => {
    expect(url('badge=exploded&connection=offline&labels==x&maintenance=perhaps&sort=password&order=up&search=a%0Ab')).toEqual({
      connection: 'offline',
      sort: 'name',
      order: 'asc',
    });
  });

  it('takes a field out again', () => {
    const narrowed = url('badge=updated&search=x');
    const wide = changeFilter(narrowed, { badge: undefined, search: '' });
    expect(wide).toEqual({ sort: 'name', order: 'asc' });
    expect([isNarrowed(narrowed), isNarrowed(wide)]).toEqual([true, false]);
  });

  it('asks the API only for fields that are set', () => {
    expect(listQuery(url('search=x'))).toEqual({ search: 'x', sort: 'name', order: 'asc' });
  });
});

describe('whether a changed node may belong into the list', () => {
  it.each([
    ['badge=updated', aNode({ connection: 'online' }), false],
    ['connection=offline', aNode({ connection: 'online' }), false],
    ['connection=stale', aNode({ connection: 'stale' }), true],
    ['version=1.0.0', aNode({ software_version: '1.0.0' }), true],
    ['version=1.0', aNode({ software_version: '1.0.0' }), false],
    ['group=harbour', aNode({ group: 'yard' }), false],
    ['maintenance=true', aNode({}), false],
    ['maintenance=false', aNode({}), true],
    ['labels=site=quay', aNode({}), true],
    ['version=2', aNode({ software_version: null }), false],
    ['search=whatever', aNode({}), true],
  ])('%s', (search, node, expected) => expect(mayMatch(url(search), node)).toBe(expected));
});
