/** What an agent reads with schemas. The test builds this file as an agent is built, and holds it against itself. */
export { edgeConfig } from '../../src/config/edge-config.ts';
export { manifest } from '@tidegate/contract-manifest';
export { fromManager, fromNode, registrationToken } from '@tidegate/contract-protocol';
export { nodeState } from '@tidegate/engine-upgrade';
