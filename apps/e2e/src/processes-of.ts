import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

const read = (ask: () => string): string => {
  try {
    return ask();
  } catch {
    return '';
  }
};

/**
 * Every living process that has to do with this folder, by its command, environment or working folder; PostgreSQL shows
 * only in the last. Asked of the kernel and not of the launcher, since what is looked for is what the launcher forgot.
 */
export function processesOf(folder: string): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = read(() => readFileSync(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const environment = read(() => readFileSync(`/proc/${name}/environ`, 'utf8'));
    const cwd = read(() => readlinkSync(`/proc/${name}/cwd`));
    if (`${command}\n${environment}\n${cwd}`.includes(folder)) found.push({ pid: Number(name), command: command.trim() });
  }
  return found;
}
