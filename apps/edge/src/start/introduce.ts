import { randomBytes } from 'node:crypto';
import { createWsTransport } from '@tidegate/adapter-link-ws';
import type { Identity, ProbeOptions } from '@tidegate/engine-node-link';
import type { EdgeConfig } from '../config/edge-config.ts';
import { AGENT_VERSION, DEVICE_TYPE } from '../build-facts.ts';
import type { EdgeEnvironment } from '../environment.ts';
import { readFacts } from './host.ts';
import { systemTimers } from './timers.ts';

export interface Introducing {
  readonly environment: EdgeEnvironment;
  readonly manager: NonNullable<EdgeConfig['manager']>;
  readonly name: EdgeConfig['name'];
  readonly identity: Identity;
  readonly runId: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly inTrial: () => boolean;
}

/** What session and probe have in common: the way to the manager and who asks. */
export function introduce({
  environment,
  manager,
  name,
  identity,
  runId,
  bootId,
  machineId,
  inTrial,
}: Introducing): Omit<ProbeOptions, 'deadlineMs'> {
  const { url, ca_file: caFile, fingerprint_sha256: fingerprintSha256 } = manager;
  return {
    url,
    transport: createWsTransport({
      ...(caFile !== undefined && { caFile }),
      ...(fingerprintSha256 !== undefined && { fingerprintSha256 }),
    }),
    timers: systemTimers,
    identity,
    deviceType: DEVICE_TYPE,
    nonce: () => randomBytes(32).toString('base64url'),
    facts: () => readFacts(name, machineId, environment.names),
    introduction: () => ({ run_id: runId, boot_id: bootId, machine_id: machineId, software_version: AGENT_VERSION, in_trial: inTrial() }),
  };
}
