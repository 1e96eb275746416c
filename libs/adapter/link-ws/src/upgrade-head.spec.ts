import { describe, expect, it } from '@jest/globals';
import { acceptsUpgrade, upgradeRequest } from './upgrade-head.ts';

/** The example of RFC 6455, 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const LINES = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Accept: ${ACCEPT}`,
  'Sec-WebSocket-Protocol: tidegate.v1',
];
const without = (name: string, ...more: string[]) => [...LINES.filter((line) => !line.startsWith(`${name}:`)), ...more];
const takes = (lines: readonly string[]) => acceptsUpgrade(lines.join('\r\n'), KEY);

describe('the answer that makes a connection a WebSocket', () => {
  it.each([
    ['as RFC 6455 shows it', LINES],
    [
      'in other letters, with more tokens and headers',
      [...without('Connection', 'connection: keep-alive,  UPGRADE', 'Server: x: y'), 'X-Empty:'],
    ],
    ['without words for its status', ['HTTP/1.1 101', ...LINES.slice(1)]],
  ])('is taken %s', (_, lines) => expect(takes(lines)).toBe(true));

  it.each([
    ['of another status', ['HTTP/1.1 200 OK', ...LINES.slice(1)]],
    ['that redirects', ['HTTP/1.1 302 Found', 'Location: ws://127.0.0.1/', ...LINES.slice(1)]],
    ['of another HTTP', ['HTTP/1.0 101 x', ...LINES.slice(1)]],
    ['to another key', without('Sec-WebSocket-Accept', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
    ['without proof', without('Sec-WebSocket-Accept')],
    ['that proves twice', [...LINES, `Sec-WebSocket-Accept: ${ACCEPT}`]],
    ['of another protocol', without('Sec-WebSocket-Protocol', 'Sec-WebSocket-Protocol: chat')],
    ['of no protocol', without('Sec-WebSocket-Protocol')],
    ['that wants to compress', [...LINES, 'Sec-WebSocket-Extensions: permessage-deflate']],
    ['that upgrades to something else', without('Upgrade', 'Upgrade: h2c')],
    ['that does not upgrade', without('Connection', 'Connection: close')],
    ['with a folded line', [...LINES, ' more of it']],
    ['with a line that is no header', [...LINES, 'what is this']],
    ['of nothing', ['']],
  ])('is refused %s', (_, lines) => expect(takes(lines)).toBe(false));
});

describe('the request for it', () => {
  it('asks for the subprotocol alone, at the address as it was given', () => {
    const text = upgradeRequest(new URL('wss://manager.example:8443/ws/node?a=b c'), KEY);
    expect(text.split('\r\n')).toEqual([
      'GET /ws/node?a=b%20c HTTP/1.1',
      'Host: manager.example:8443',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
      'Sec-WebSocket-Protocol: tidegate.v1',
      '',
      '',
    ]);
  });

  it('carries no line that an address could add', () => {
    expect(upgradeRequest(new URL('ws://127.0.0.1/a\r\nX: 1'), KEY).split('\r\n')).toHaveLength(9);
  });
});
