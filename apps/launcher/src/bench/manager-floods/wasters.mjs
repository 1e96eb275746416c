// Wastes the manager's time in one way until it is stopped.
// usage: node wasters.mjs PORT KIND COOKIE
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setPriority } from 'node:os';

// A flood comes from elsewhere: its own work must not be what slows the manager down.
setPriority(19);
const [port, kind, cookie] = process.argv.slice(2);
const ADDRESS = { host: '127.0.0.1', port: Number(port), localAddress: '127.0.0.3' };
const HEAD = `Host: 127.0.0.1:${port}\r\n`;
const BYTE_EVERY_MS = 1000;
/** What has been done so far, or is held open now. */
let count = 0;

/** Holds so many sockets open, and another one for each that the manager closes. */
function hold(sockets, opening, byte) {
  const one = () => {
    const socket = connect(ADDRESS, () => {
      count++;
      socket.write(opening);
      const timer = byte && setInterval(() => socket.write(byte), BYTE_EVERY_MS);
      socket.once('close', () => {
        clearInterval(timer);
        count--;
      });
    });
    socket.on('error', () => {}).on('close', () => setImmediate(one));
    socket.resume();
  };
  for (let n = 0; n < sockets; n++) one();
}

/** So many lines of requests, each as fast as it is answered. */
function ask(lines, path, headers, keep) {
  const agent = new Agent({ keepAlive: true });
  const one = () => {
    const outgoing = request({ ...ADDRESS, agent, path, headers });
    outgoing.on('response', (response) => {
      count++;
      // A stream stays open; the next one is asked for beside it.
      if (keep && response.statusCode === 200) setImmediate(one);
      response
        .on('error', () => {})
        .resume()
        .on('end', () => setImmediate(one));
    });
    outgoing.on('error', () => setImmediate(one));
    outgoing.end();
  };
  for (let line = 0; line < lines; line++) one();
}

const upgrade = `GET /ws/node HTTP/1.1\r\n${HEAD}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: SUBPROTOCOL\r\n\r\n`;
const KINDS = {
  silent: () => hold(1000, ''),
  headers: () => hold(1000, `GET / HTTP/1.1\r\n${HEAD}X: `, 'x'),
  bodies: () => hold(1000, `POST /api/v1/session HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`, ' '),
  nodes: () => hold(1000, upgrade.replace('/ws/node', cookie.split(' ')[0]).replace('SUBPROTOCOL', cookie.split(' ')[1])),
  oversized: () => ask(20, '/', { 'x-large': 'x'.repeat(20_000) }),
  session: () => ask(50, '/api/v1/nodes', { cookie }),
  streams: () => ask(50, '/api/v1/stream', { cookie }, true),
};
KINDS[kind]();
process.on('message', () => process.send({ answer: { count } }));
process.on('disconnect', () => process.exit());
process.send({ ready: 1 });
