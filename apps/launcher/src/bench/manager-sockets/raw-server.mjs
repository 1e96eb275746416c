// The baseline: `ws` with the manager's own limits, JSON.parse, one Ed25519 verification per connection, and the answers that
// the client waits for. No validation, no database, no bookkeeping but a map of sockets.
import { createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { WebSocketServer } from 'ws';

const [identitiesFile, databaseUrl] = process.argv.slice(2);
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const keys = new Map(JSON.parse(readFileSync(identitiesFile, 'utf8')).map(({ id, publicKey }) => [id, publicKey]));
const managerId = randomUUID();
const live = new Map();

const isSigned = (message, nonce) => {
  const raw = Buffer.from(keys.get(message.node_id) ?? '', 'base64url');
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  const signed = ['tidegate-node-auth-v1', nonce, message.nonce, message.node_id, managerId, 1, message.intent].join('\n');
  return verify(null, Buffer.from(signed), key, Buffer.from(message.signature, 'base64url'));
};

function onMessage(data) {
  const message = JSON.parse(data.toString());
  if (message.type === 'health') return this.send(JSON.stringify({ type: 'health_ack', beat: message.beat }));
  if (message.type !== 'auth' || !isSigned(message, this.nonce)) return this.close(4003);
  live.set(message.node_id, this);
  const settings = { beat_interval_secs: 300, spool_max_events: 10_000 };
  this.send(JSON.stringify({ type: 'auth_ok', settings, session_epoch: 1, server_time: new Date().toISOString() }));
}

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  maxPayload: 64 * 1024,
  perMessageDeflate: false,
  clientTracking: false,
  handleProtocols: () => 'tidegate.v1',
});
server.on('connection', (socket) => {
  socket.nonce = randomBytes(32).toString('base64url');
  socket.on('message', onMessage);
  socket.on('error', () => {});
  socket.send(JSON.stringify({ type: 'hello', nonce: socket.nonce, manager_id: managerId, protocol: { min: 1, max: 1 } }));
});
server.on('listening', () => process.send({ ready: server.address().port }));

const ACTION = { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable' };
const command = (nodeId) => JSON.stringify({ type: 'command', id: randomUUID(), node_id: nodeId, ttl_secs: 900, action: ACTION });

const UPDATED_AT_ONCE = 500;
const database = new pg.Pool({ connectionString: databaseUrl, max: 2 });

/** In the order in which the manager does it: rows first. */
async function markAndSend(some) {
  const ids = some.map(([nodeId]) => nodeId);
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query(
    `UPDATE bench_upgrades SET state = 'sent', steps = steps || '[{"state": "sent", "at": "2026-11-02T09:00:00.000Z"}]' WHERE node_id = ANY($1::uuid[])`,
    [ids],
  );
  await client.query('UPDATE bench_commands SET sent_at = now() WHERE node_id = ANY($1::uuid[]) AND settled_at IS NULL', [ids]);
  await client.query('COMMIT');
  client.release();
  for (const [nodeId, socket] of some) socket.send(command(nodeId));
}

const ANSWERS = {
  /** The raw send loop: what it costs to say one thing to everybody, and nothing else. */
  sendToAll: () => {
    for (const [nodeId, socket] of live) socket.send(command(nodeId));
  },
  /** The same after rows that exist were updated, many in a statement, in two lanes as the manager. */
  markAndSendToAll: async () => {
    const waiting = [...live];
    const lane = async () => {
      while (waiting.length > 0) await markAndSend(waiting.splice(0, UPDATED_AT_ONCE));
    };
    await Promise.all([lane(), lane()]);
  },
  connectToDatabase: async () => {
    const clients = await Promise.all([database.connect(), database.connect()]);
    for (const client of clients) client.release();
  },
};
process.on('message', async ({ ask }) => {
  if (!Object.hasOwn(ANSWERS, ask)) return;
  await ANSWERS[ask]();
  process.send({ answer: {} });
});
