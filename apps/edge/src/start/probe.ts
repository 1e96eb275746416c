import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { accept, CodedError, type Verdict } from '@tidegate/contract-errors';
import { probeManager } from '@tidegate/engine-node-link';
import { loadConfig } from '../config/load-config.ts';
import type { EdgeEnvironment } from '../environment.ts';
import { openIdentity } from '../identity/node-identity.ts';
import { readBootId, readMachineId } from './host.ts';
import { introduce } from './introduce.ts';

/** Below the ten seconds the guard allows, so that the answer is ours and not a kill. */
const DEADLINE_MS = 8_000;

/** Whether the manager answers and accepts this node's key. Takes no lock and no session, changes nothing on disk. */
export async function probe(environment: EdgeEnvironment): Promise<Verdict<void>> {
  const { root } = environment;
  const loaded = await loadConfig(environment);
  if (!loaded.ok) throw new CodedError(loaded.code, loaded.details);
  const { manager, name } = loaded.value.config;
  // Nobody to ask, so nobody is out: a candidate that cannot prove itself here is at fault.
  if (!manager) return accept(undefined);
  const identity = await openIdentity({ folder: join(root, 'identity'), makeKey: false });
  const machineId = readMachineId();
  const who = introduce({
    environment,
    manager,
    name,
    identity,
    runId: randomUUID(),
    bootId: readBootId(environment),
    machineId,
    inTrial: () => false,
  });
  return probeManager({ ...who, deadlineMs: DEADLINE_MS });
}
