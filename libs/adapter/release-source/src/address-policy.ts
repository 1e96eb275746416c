import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { urlInvalid } from './fetch-errors.ts';

export interface AddressPolicy {
  /** Tests and the demo: plain http, to this machine only. */
  readonly allowLoopbackHttp: boolean;
  /** Release sources inside a company's own network. */
  readonly allowPrivateAddresses: boolean;
}

/** IPv4 also hides in mapped addresses (RFC 4291 2.5.5.2, handled by BlockList) and behind NAT64 (RFC 6052). */
function blockList(ipv4: readonly [string, number][], ipv6: readonly [string, number][]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of ipv4) {
    list.addSubnet(net, prefix, 'ipv4');
    list.addSubnet(`64:ff9b::${net}`, 96 + prefix, 'ipv6');
  }
  for (const [net, prefix] of ipv6) list.addSubnet(net, prefix, 'ipv6');
  return list;
}
const LOOPBACK = blockList([['127.0.0.0', 8]], [['::1', 128]]);
/** Never a release source: this network, link-local with the clouds' metadata services, multicast, reserved. */
const NEVER = blockList(
  [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['192.0.0.0', 24],
    ['198.18.0.0', 15],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  [
    ['::', 128],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
    ['fd00:ec2::254', 128],
    ['2001:db8::', 32],
    ['2002::', 16],
  ],
);
const PRIVATE = blockList(
  [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
  ],
  [['fc00::', 7]],
);

const holds = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

export function addressAllowed(address: string, policy: AddressPolicy): boolean {
  if (isIP(address) === 0 || holds(NEVER, address)) return false;
  if (holds(LOOPBACK, address)) return policy.allowLoopbackHttp;
  return policy.allowPrivateAddresses || !holds(PRIVATE, address);
}

/**
 * Whether a node may ask this URL: https, or http to this machine where that is allowed; no userinfo; an address written as
 * such must be allowed. Names are checked when they are resolved. Throws `upgrade_url_invalid`.
 */
export function checkUrl(url: URL, policy: AddressPolicy): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.username !== '' || url.password !== '') throw urlInvalid('userinfo', host);
  if (isIP(host) !== 0 && !addressAllowed(host, policy)) throw urlInvalid('address', host);
  if (url.protocol === 'https:') return;
  const loopback = host === 'localhost' || (isIP(host) !== 0 && holds(LOOPBACK, host));
  if (url.protocol !== 'http:' || !loopback || !policy.allowLoopbackHttp) throw urlInvalid('scheme', host);
}

export type ResolveAll = (
  hostname: string,
  options: LookupOptions,
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;
export const resolveBySystem: ResolveAll = (hostname, options, done) => systemLookup(hostname, { ...options, all: true }, done);

/**
 * A lookup that hands the socket allowed addresses only. The socket connects to exactly what was checked, so a name that
 * resolves differently a moment later (DNS rebinding) gains nothing.
 */
export const guardedLookup =
  (policy: AddressPolicy, resolveAll: ResolveAll): LookupFunction =>
  (hostname, options, done) => {
    resolveAll(hostname, options, (error, addresses) => {
      if (error) return done(error, '', 0);
      const allowed = addresses.filter(
        ({ address }) => addressAllowed(address, policy) && (hostname !== 'localhost' || holds(LOOPBACK, address)),
      );
      const first = allowed[0];
      if (!first) return done(urlInvalid('address', hostname), '', 0);
      return options.all === true ? done(null, allowed) : done(null, first.address, first.family);
    });
  };
