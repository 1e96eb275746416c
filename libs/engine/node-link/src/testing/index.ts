export { createFakeIdentity, FAKE_PUBLIC_KEY, FAKE_SIGNATURE, type FakeIdentity } from './fake-identity.ts';
export { createFakeSpool, type FakeSpool } from './fake-spool.ts';
export { createFakeTimers, type FakeTimers } from './fake-timers.ts';
export { createFakeTransport, type FakeConnection, type FakeTransport } from './fake-transport.ts';
export { describeSpoolContract, started, type SpoolUnderTest } from './spool-contract.ts';
export { describeTransportContract, type Peer, type TransportUnderTest } from './transport-contract.ts';
