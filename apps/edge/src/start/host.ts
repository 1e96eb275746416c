import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, hostname, release, type } from 'node:os';
import type { Facts, Health } from '@tidegate/contract-protocol';
import type { EdgeEnvironment } from '../environment.ts';

/** Seconds on the boot-time clock: it goes on during sleep and never steps. */
export const uptimeSecs = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** In the kernel's form. What the supervisor says comes first, in systemd's form, which has no dashes. */
export const readBootId = ({ bootId: given }: Pick<EdgeEnvironment, 'bootId'>): string =>
  given === undefined || given === ''
    ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    : given.replace(/^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/, '$1-$2-$3-$4-$5');

/** The machine's id as systemd asks applications to use it: hashed with a name of our own, never the id itself. */
export function readMachineId(): string {
  const id = existsSync(MACHINE_ID) ? readFileSync(MACHINE_ID, 'utf8').trim() : '';
  return id === '' ? '' : createHash('sha256').update(`tidegate-node:${id}`).digest('hex').slice(0, 32);
}
const MACHINE_ID = '/etc/machine-id';

const line = (text: string, max: number): string => text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, max);

/** Names of environment variables only: values are where the secrets are. */
export function readFacts(name: string | undefined, machineId: string, environmentNames: readonly string[]): Facts {
  return {
    name: line(name ?? hostname(), 128),
    machine_id: machineId,
    os: line(type(), 128),
    arch: line(arch(), 16),
    kernel: line(release(), 64),
    agent_pid: process.pid,
    env_names: environmentNames
      .filter((key) => line(key, 128) === key)
      .toSorted()
      .slice(0, 500),
    posture: {},
  };
}

export async function readDisk(folder: string): Promise<Health['disk']> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
}
