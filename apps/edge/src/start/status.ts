import { join } from 'node:path';
import { createSlotStore } from '@tidegate/adapter-slots-fs';
import { AGENT_VERSION } from '../build-facts.ts';
import { SERVICE, type EdgeEnvironment } from '../environment.ts';
import { readEnrolment } from '../identity/node-identity.ts';
import { TRUST_FINGERPRINT, TRUST_PURPOSE } from '../trust-facts.ts';
import { readBootId } from './host.ts';
import { lockHolder } from './root-lock.ts';

export interface EdgeStatus {
  readonly version: string;
  readonly root: string;
  /** Of the running agent; null when none runs. */
  readonly agent_pid: number | null;
  readonly current: string | null;
  readonly committed: string | null;
  readonly previous: string | null;
  readonly guard_version: string | null;
  readonly node_id: string | null;
  readonly manager_id: string | null;
}

/** What the disk says; asks nobody and changes nothing. */
export async function readStatus(environment: EdgeEnvironment): Promise<EdgeStatus> {
  const { root, guardDir } = environment;
  const bootId = readBootId(environment);
  const slots = createSlotStore({ root, guardDir, service: SERVICE, bootId, invocation: '' });
  const [links, guardVersion, enrolment, agentPid] = await Promise.all([
    slots.links(),
    slots.guardVersion(),
    readEnrolment(join(root, 'identity', 'node.json')),
    lockHolder(root, bootId),
  ]);
  return {
    version: AGENT_VERSION,
    root,
    agent_pid: agentPid,
    ...links,
    guard_version: guardVersion,
    node_id: enrolment?.nodeId ?? null,
    manager_id: enrolment?.managerId ?? null,
  };
}

export interface EdgeVersion {
  readonly version: string;
  readonly device_type: string;
  readonly trust: string;
  readonly trust_fingerprint: string;
}

export const readVersion = (): EdgeVersion => ({
  version: AGENT_VERSION,
  device_type: SERVICE,
  trust: TRUST_PURPOSE,
  trust_fingerprint: TRUST_FINGERPRINT,
});
