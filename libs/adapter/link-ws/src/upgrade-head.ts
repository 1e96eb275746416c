import { createHash } from 'node:crypto';
import { WIRE } from '@tidegate/contract-protocol';

/** RFC 6455, 1.3: what both sides add to the key, so that no server that merely echoes passes for one that speaks WebSocket. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The request that turns an HTTP connection into a WebSocket; offers no compression, names no origin, carries no cookie. */
export const upgradeRequest = ({ pathname, search, host }: URL, key: string): string =>
  [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Protocol: ${WIRE.subprotocol}`,
    '\r\n',
  ].join('\r\n');

/** Whether this is the one answer that makes a connection ours (RFC 6455, 4.1); `head` is everything before the empty line. */
export function acceptsUpgrade(head: string, key: string): boolean {
  const [status = '', ...lines] = head.split('\r\n');
  if (!/^HTTP\/1\.1 101(?: |$)/.test(status)) return false;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    // A name that stands twice could be read two ways; a line that is no header is no HTTP.
    if (name === undefined || headers.has(name.toLowerCase())) return false;
    headers.set(name.toLowerCase(), value);
  }
  const tokens = (headers.get('connection') ?? '').toLowerCase().split(/[ \t]*,[ \t]*/);
  return (
    headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    tokens.includes('upgrade') &&
    headers.get('sec-websocket-accept') === createHash('sha1').update(`${key}${GUID}`).digest('base64') &&
    headers.get('sec-websocket-protocol') === WIRE.subprotocol &&
    !headers.has('sec-websocket-extensions')
  );
}
