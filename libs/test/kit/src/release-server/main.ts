import { parseArgs } from 'node:util';
import { startReleaseServer } from './release-server.ts';

// A release source as a process of its own. Prints one JSON line when it listens; ends on SIGTERM and SIGINT.
const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    port: { type: 'string', default: '0' },
    'download-port': { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
  },
});
const dataDir = values['data-dir'];
if (dataDir === undefined) {
  process.stderr.write('release-server: --data-dir is missing\n');
  process.exit(2);
}
try {
  const server = await startReleaseServer({
    dataDir,
    port: Number(values.port),
    downloadPort: Number(values['download-port']),
    host: values.host,
  });
  process.stdout.write(`${JSON.stringify({ listening: server.url, download: server.downloadUrl, pid: process.pid })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close().then(() => process.exit(0)));
} catch (error) {
  process.stderr.write(`release-server: cannot listen: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}\n`);
  process.exit(1);
}
