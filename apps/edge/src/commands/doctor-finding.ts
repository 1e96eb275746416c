import { isCodedError, type ErrorCode, type ErrorDetails } from '@tidegate/contract-errors';
import { createSlotStore } from '@tidegate/adapter-slots-fs';
import type { SlotStore } from '@tidegate/engine-upgrade';
import { examineConfig, type LoadedConfig } from '../config/load-config.ts';
import type { ConfigProblem } from '../config/config-files.ts';
import { SERVICE, type EdgeEnvironment } from '../environment.ts';
import { readBootId } from '../start/host.ts';

/** `broken` needs somebody; `notice` is worth knowing. */
export interface Finding {
  readonly level: 'ok' | 'notice' | 'broken';
  readonly code: ErrorCode | null;
  readonly details: ErrorDetails;
}

/** What all checks look at. */
export interface Patient {
  readonly environment: EdgeEnvironment;
  readonly bootId: string;
  readonly slots: SlotStore;
  readonly loaded: LoadedConfig | null;
  readonly problems: readonly ConfigProblem[];
}

export type Check = (patient: Patient) => Promise<readonly Finding[]>;

export const broken = (code: ErrorCode, details: ErrorDetails = {}): Finding => ({ level: 'broken', code, details });
export const notice = (code: ErrorCode, details: ErrorDetails = {}): Finding => ({ level: 'notice', code, details });

export async function openPatient(environment: EdgeEnvironment): Promise<Patient> {
  const bootId = readBootId(environment);
  const { root, guardDir } = environment;
  const slots = createSlotStore({ root, guardDir, service: SERVICE, bootId, invocation: '' });
  return { environment, bootId, slots, ...(await examineConfig(environment)) };
}

/** A check that meets a coded error has found something; what has no code of its own is a matter of the disk. */
export async function found(act: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await act();
  } catch (error) {
    if (isCodedError(error)) return [broken(error.code, error.details)];
    return [broken('root_unusable', { reason: (error as NodeJS.ErrnoException).code ?? 'unknown' })];
  }
}
