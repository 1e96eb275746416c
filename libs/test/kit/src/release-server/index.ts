export { startReleaseServer, type ReleaseServer, type ReleaseServerOptions } from './release-server.ts';
export { startFaultyReleaseServer, type ConnectionFaults, type FaultyReleaseServer } from './faulty-connection.ts';
export { ReleaseStore, type PublishTarget, type ReleaseNote } from './release-store.ts';
