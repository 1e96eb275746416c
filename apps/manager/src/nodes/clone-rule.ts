import type { SessionBefore } from './persistence/node-records.ts';

export interface Comer {
  readonly machineId: string;
  readonly bootId: string;
  readonly runId: string;
}

export interface CloneEvidence {
  /** `alternating`: a run that another one had replaced came back. `overlapping`: another machine, while this one was still heard. */
  readonly kind: 'alternating' | 'overlapping';
  readonly machine_differs: boolean;
  readonly boot_differs: boolean;
  readonly machine_id: string;
  readonly other_machine_id: string;
  readonly boot_id: string;
  readonly other_boot_id: string;
}

/**
 * Whether a node's session was taken over by a second machine with the same identity.
 *
 * An agent holds the lock of its root, so one machine has one run at a time and a run that has ended never comes back: one that
 * does was alive all the while. Another boot alone proves nothing, a host that lost its power comes back before anybody misses it;
 * another machine does, when the one before was still connected and heard. Machines without an id (empty) are compared by runs.
 */
export function cloneEvidence(before: SessionBefore | null, comer: Comer, now: Date, heardWithinMs: number): CloneEvidence | null {
  if (!before) return null;
  const machineDiffers = before.machine_id !== comer.machineId;
  const heard = before.last_beat_at !== null && now.getTime() - new Date(before.last_beat_at).getTime() <= heardWithinMs;
  const overlapping = before.open && heard && machineDiffers && before.machine_id !== '' && comer.machineId !== '';
  if (!before.returned && !overlapping) return null;
  return {
    kind: before.returned ? 'alternating' : 'overlapping',
    machine_differs: machineDiffers,
    boot_differs: before.boot_id !== comer.bootId,
    machine_id: comer.machineId,
    other_machine_id: before.machine_id,
    boot_id: comer.bootId,
    other_boot_id: before.boot_id,
  };
}
