import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { forwardedAddress, trustOf } from './client-address.ts';

const trust = trustOf(['192.0.2.10', '10.0.0.0/8', '2001:db8::/32']);
const from = (remoteAddress: string | undefined, forwarded?: string): string | undefined =>
  forwardedAddress(trust, { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage);

describe('forwardedAddress', () => {
  it.each([
    ['nobody forwards', '198.51.100.1', undefined, '198.51.100.1'],
    ['a stranger writes the header himself', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['a proxy forwards', '192.0.2.10', '203.0.113.9', '203.0.113.9'],
    ['a proxy of IPv4 on a socket for both', '::ffff:192.0.2.10', '203.0.113.9', '203.0.113.9'],
    ['two proxies', '10.1.2.3', '203.0.113.9, 192.0.2.10', '203.0.113.9'],
    ['the client forged an address in front of its own', '192.0.2.10', '10.9.9.9, 1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['the client claims to be a proxy of ours', '192.0.2.10', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['the header is nonsense', '192.0.2.10', 'unknown', '192.0.2.10'],
    ['IPv6', '2001:db8::1', '2001:db9::2', '2001:db9::2'],
    ['a socket that is gone', undefined, '203.0.113.9', undefined],
  ])('%s', (_case, peer, header, expected) => expect(from(peer, header)).toBe(expected));

  it('trusts nobody without being told to', () => {
    const none = trustOf([]);
    expect(['127.0.0.1', '::1', '10.0.0.1', 'nonsense', ''].filter(none)).toEqual([]);
  });
});
