import { describe, expect, it } from '@jest/globals';
import { queryEvents } from '@tidegate/contract-api';
import { fieldsFromUrl } from './use-url-fields.ts';

describe('filters in the address bar', () => {
  it('lose what the API would refuse or does not filter by, and keep the rest', () =>
    expect(
      fieldsFromUrl(
        queryEvents.shape,
        ['severity', 'node_id', 'search'],
        new URLSearchParams('severity=warning&node_id=x&search=ab&limit=9'),
      ),
    ).toEqual({ severity: 'warning', search: 'ab' }));
});
