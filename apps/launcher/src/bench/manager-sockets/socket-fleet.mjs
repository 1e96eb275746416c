// The other end of both sides: nodes that say what they are told to over IPC. Not measured.
import { createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

const [identitiesFile] = process.argv.slice(2);
const identities = JSON.parse(readFileSync(identitiesFile, 'utf8'));
const runId = randomUUID();
const sockets = new Map();
const epochMs = () => performance.timeOrigin + performance.now();
let commands = 0;
let commandsWanted = Infinity;
let whenCommanded = () => {};

/** Opens one connection and settles when it is authenticated; refuses when it closes before. */
const open = (url, identity) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url}/ws/node`, 'tidegate.v1', { perMessageDeflate: false });
    socket.on('message', (data) => hear(socket, identity, JSON.parse(data.toString()), resolve));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      sockets.delete(identity.id);
      reject(new Error(`closed ${code}`));
    });
  });

function hear(socket, identity, message, authenticated) {
  if (message.type === 'hello') return socket.send(JSON.stringify(authOf(identity, message)));
  if (message.type === 'auth_ok') {
    sockets.set(identity.id, socket);
    return authenticated();
  }
  if (message.type === 'health_ack') return socket.acknowledged?.();
  if (message.type === 'command' && ++commands === commandsWanted) whenCommanded(epochMs());
}

function authOf(identity, hello) {
  const nonce = randomBytes(32).toString('base64url');
  identity.key ??= createPrivateKey({ key: Buffer.from(identity.privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  const signed = ['tidegate-node-auth-v1', hello.nonce, nonce, identity.id, hello.manager_id, 1, 'session'].join('\n');
  return {
    type: 'auth',
    protocol: 1,
    node_id: identity.id,
    nonce,
    signature: sign(null, Buffer.from(signed), identity.key).toString('base64url'),
    intent: 'session',
    run_id: runId,
    boot_id: 'bench',
    machine_id: identity.id,
    software_version: '1.0.0',
    in_trial: false,
  };
}

const beatOf = (beat) => ({
  type: 'health',
  beat,
  run_id: runId,
  boot_id: 'bench',
  uptime_secs: 1000 + beat,
  software_version: '1.0.0',
  committed_version: '1.0.0',
  previous_version: '0.9.0',
  manifest_sha256: 'c'.repeat(64),
  restarts: 0,
  checks: ['disk', 'clock', 'manager'].map((id) => ({ id, ok: true })),
  capabilities: ['upgrade', 'events'],
  attempt: null,
  trial: null,
  guard_version: '1',
  unit_version: '1',
  trust_fingerprint: 'a'.repeat(64),
  trust_purpose: 'release',
  highest_sequence: 7,
  version_floor: '0.9.0',
  disk: { free_bytes: 10_000_000_000 + beat, total_bytes: 20_000_000_000 },
});

const ORDERS = {
  /** As many at once as `atOnce`; whoever is turned away comes back, as nodes do. */
  open: async ({ url, count, atOnce }) => {
    const waiting = identities.slice(0, count);
    const beganMs = epochMs();
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        while (
          !(await open(url, next).then(
            () => true,
            () => false,
          ))
        )
          await new Promise((settle) => setTimeout(settle, 100));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return { ms: epochMs() - beganMs, live: sockets.size };
  },
  /** Each node says its next beat when the last one was acknowledged. */
  beat: async ({ rounds, from }) => {
    const beganMs = epochMs();
    const one = async (socket) => {
      for (let round = 0; round < rounds; round++) {
        const acknowledged = new Promise((resolve) => (socket.acknowledged = resolve));
        socket.send(JSON.stringify(beatOf(from + round)));
        await acknowledged;
      }
    };
    await Promise.all([...sockets.values()].map(one));
    return { ms: epochMs() - beganMs, beats: rounds * sockets.size };
  },
  expectCommands: () => {
    commands = 0;
    commandsWanted = sockets.size;
    return {};
  },
  untilCommanded: async () => ({
    atMs: commands >= commandsWanted ? epochMs() : await new Promise((resolve) => (whenCommanded = resolve)),
  }),
  close: async () => {
    const gone = [...sockets.values()].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets.values()) socket.terminate();
    await Promise.all(gone);
    return {};
  },
};

process.on('message', ({ ask, ...order }) => {
  Promise.resolve(ORDERS[ask](order)).then(
    (answer) => process.send({ answer }),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.send({ ready: 0 });
