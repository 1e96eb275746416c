// The baseline of the edge's start: the least a process can do to authenticate, with nothing but what Node brings along.
// argv: port, file of the private key, node id. Stays connected until it is killed.
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [port, keyFile, nodeId] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyFile));
const socket = connect(Number(port), '127.0.0.1');
socket.write(
  'GET /ws/node HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    `Sec-WebSocket-Protocol: tidegate.v1\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
);

let received = Buffer.alloc(0);
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk]);
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return;
  const frame = received.subarray(end + 4);
  if (frame.length < 2) return;
  const [length, head] = frame[1] < 126 ? [frame[1], 2] : [frame.readUInt16BE(2), 4];
  if (frame.length < head + length) return;
  socket.removeAllListeners('data');
  answer(JSON.parse(frame.subarray(head, head + length).toString()));
});

function answer(hello) {
  const nonce = randomBytes(32).toString('base64url');
  const signed = ['tidegate-node-auth-v1', hello.nonce, nonce, nodeId, hello.manager_id, 1, 'session'].join('\n');
  const signature = sign(null, Buffer.from(signed), key).toString('base64url');
  const text = Buffer.from(JSON.stringify({ type: 'auth', protocol: 1, node_id: nodeId, nonce, signature, intent: 'session' }));
  const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, text]));
}
