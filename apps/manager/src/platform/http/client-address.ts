import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

export type Trust = (address: string) => boolean;

/** Whether an address is one of the proxies that the configuration names. */
export function trustOf(entries: readonly string[]): Trust {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = plainOf(address);
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

/** On a socket for both families the peer of IPv4 shows as ::ffff:192.0.2.1. */
const plainOf = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Where a request comes from: from the peer backwards through X-Forwarded-For, up to the first that is no proxy of ours. What stands
 * before that one, anybody can have written.
 */
export function forwardedAddress(trust: Trust, request: IncomingMessage): string | undefined {
  const peer = request.socket.remoteAddress;
  if (peer === undefined || !trust(peer)) return peer;
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  let nearest = peer;
  for (const text of forwarded.map((part) => part.trim()).toReversed()) {
    // Some proxies write the port too, or nonsense that they were sent.
    if (isIP(text) === 0) return nearest;
    nearest = text;
    if (!trust(text)) return text;
  }
  return nearest;
}
