import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { startReleaseServer, type ReleaseServer, type ReleaseServerOptions } from './release-server.ts';

/** What goes wrong with the connections to a download host. Knobs take effect on the next connection. */
export interface ConnectionFaults {
  /** Each entry cuts one connection after so many bytes of answer, head included; then connections are whole again. */
  cutAfterBytes: number[];
  /** Bytes of answer per second and connection; null for no limit. */
  bytesPerSec: number | null;
  readonly connections: number;
}

export interface FaultyReleaseServer extends ReleaseServer {
  readonly faults: ConnectionFaults;
}

/** Passes TCP through to `targetPort()`, with faults in the direction of the answer. */
async function startFaultyConnections(faults: ConnectionFaults & { connections: number }, targetPort: () => number) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (client) => {
    faults.connections += 1;
    const cutAfter = faults.cutAfterBytes.shift() ?? Number.POSITIVE_INFINITY;
    const upstream = connect(targetPort(), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let sent = 0;
    upstream.on('data', (piece: Buffer) => {
      const allowed = piece.subarray(0, Math.max(0, cutAfter - sent));
      sent += allowed.length;
      if (sent >= cutAfter) {
        upstream.destroy();
        // Sent, then reset: what a proxy that dies looks like to the client.
        client.write(allowed, () => client.destroy());
        return;
      }
      client.write(allowed);
      if (faults.bytesPerSec === null) return;
      upstream.pause();
      setTimeout(() => upstream.resume(), (allowed.length / faults.bytesPerSec) * 1000).unref();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The plain release server with a bad line in front of its download host. */
export async function startFaultyReleaseServer(options: ReleaseServerOptions): Promise<FaultyReleaseServer> {
  const faults = { cutAfterBytes: [] as number[], bytesPerSec: null as number | null, connections: 0 };
  let targetPort = 0;
  const line = await startFaultyConnections(faults, () => targetPort);
  const server = await startReleaseServer({ ...options, publicDownloadUrl: line.url });
  targetPort = server.downloadPort;
  return {
    ...server,
    faults,
    close: async () => {
      await Promise.all([line.close(), server.close()]);
    },
  };
}
