import { join } from 'node:path';
import { createSlotStore, peekStateFile } from '@tidegate/adapter-slots-fs';
import type { NodeState } from '@tidegate/engine-upgrade';
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
  /** Attempt on trial; null = the guard has spoken. */
  readonly trial: string | null;
  readonly guard_version: string | null;
  readonly node_id: string | null;
  readonly manager_id: string | null;
  /** What state.json is like; `corrupt` is set aside at the next start. */
  readonly state_file: 'sound' | 'absent' | 'corrupt';
  readonly floor: { readonly version: string; readonly sequence: number } | null;
  readonly highest_committed: string | null;
  readonly highest_sequence: number;
  readonly skip_list: readonly {
    readonly version: string;
    readonly manifest_sha256: string;
    readonly reason: string;
    readonly retries: number;
  }[];
}

/** What the disk says; asks nobody and changes nothing. */
export async function readStatus(environment: EdgeEnvironment): Promise<EdgeStatus> {
  const { root, guardDir } = environment;
  const bootId = readBootId(environment);
  const slots = createSlotStore({ root, guardDir, service: SERVICE, bootId, invocation: '' });
  const enrolment = readEnrolment(join(root, 'identity', 'node.json'));
  const [links, guardVersion, agentPid, { state, condition }] = await Promise.all([
    slots.links(),
    slots.guardVersion(),
    lockHolder(root, bootId),
    peekStateFile(join(root, 'state.json')),
  ]);
  return {
    version: AGENT_VERSION,
    root,
    agent_pid: agentPid,
    ...links,
    guard_version: guardVersion,
    node_id: enrolment?.nodeId ?? null,
    manager_id: enrolment?.managerId ?? null,
    state_file: condition,
    ...rememberedOf(state),
  };
}

const rememberedOf = (
  state: NodeState | null,
): Pick<EdgeStatus, 'trial' | 'floor' | 'highest_committed' | 'highest_sequence' | 'skip_list'> => ({
  trial: state?.attempt?.state === 'trial' ? state.attempt.id : null,
  floor: state?.floor ? { version: state.floor.version, sequence: state.floor.sequence } : null,
  highest_committed: state?.highestCommitted ?? null,
  highest_sequence: state?.highestSequence ?? 0,
  skip_list: (state?.skipList ?? []).map(({ version, digest, reason, retries }) => ({ version, manifest_sha256: digest, reason, retries })),
});

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
