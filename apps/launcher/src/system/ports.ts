import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CodedError } from '@tidegate/contract-errors';
import { freePort } from './free-port.ts';

export interface Ports {
  readonly manager: number;
  readonly releases: number;
}

/**
 * The console's port is what was asked for, or `port_in_use`. The release source keeps its port of the last start when
 * it is still free; nobody types that one.
 */
export async function choosePorts(file: string, wanted: number): Promise<Ports> {
  const manager = await freePort(wanted);
  if (manager === undefined) throw new CodedError('port_in_use', { port: wanted });
  const releases = (await freePort(lastReleasesPort(file))) ?? (await freePort(0));
  if (releases === undefined) throw new CodedError('port_in_use', { port: 0 });
  writeFileSync(file, JSON.stringify({ releases }));
  return { manager, releases };
}

function lastReleasesPort(file: string): number {
  if (!existsSync(file)) return 0;
  const found = JSON.parse(readFileSync(file, 'utf8')) as { releases?: unknown };
  return typeof found.releases === 'number' ? found.releases : 0;
}
