// Guesses passwords as fast as the manager answers, from as many loopback addresses as it is told, until it is stopped.
// usage: node guesses.mjs PORT ADDRESSES
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';

// A flood comes from elsewhere: its own work must not be what slows the manager down.
setPriority(19);
const AT_ONCE = 50;
const [port, addresses] = process.argv.slice(2).map(Number);
const sources = Array.from({ length: addresses }, (_, n) => {
  const localAddress = `127.9.${n >> 7}.${(n & 127) + 1}`;
  return { localAddress, agent: new Agent({ keepAlive: true, localAddress }) };
});
let answered = 0;
const faults = {};

const guess = (n) =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/api/v1/session', headers, ...sources[n % addresses] });
    outgoing.on('response', (response) => {
      if (![401, 429].includes(response.statusCode)) faults[response.statusCode] = (faults[response.statusCode] ?? 0) + 1;
      response.resume().on('end', resolve);
    });
    outgoing.on('error', (error) => {
      faults[error.code] = (faults[error.code] ?? 0) + 1;
      resolve();
    });
    outgoing.end(JSON.stringify({ username: `nobody-${n % 10_000}`, password: 'a guess' }));
  });

let sent = 0;
for (let line = 0; line < AT_ONCE; line++) {
  void (async () => {
    for (;;) {
      await guess(sent++);
      answered++;
    }
  })();
}
process.on('message', () => process.send({ answer: { answered, faults } }));
process.on('disconnect', () => process.exit());
process.send({ ready: 1 });
