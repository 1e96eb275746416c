import { readdirSync, readFileSync } from 'node:fs';

/** State and process group of a thread; null when it is gone. The name in brackets may hold anything. */
function readState(path: string): { readonly state: string; readonly group: number } | null {
  try {
    const [state = '', , group] = readFileSync(`${path}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, group: Number(group) };
  } catch {
    return null;
  }
}

const STOPPED = ['T', 't', 'Z', 'X'];

/** Whether no thread of a process can change anything: one that is within fsync stops only when that is done. */
export function isStopped(pid: number): boolean {
  try {
    const states = readdirSync(`/proc/${pid}/task`).map((thread) => readState(`/proc/${pid}/task/${thread}`)?.state);
    return states.includes('T') && states.every((state) => state === undefined || STOPPED.includes(state));
  } catch {
    return false;
  }
}

/** The same for all processes of a group. */
export function isGroupStopped(group: number): boolean {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readState(`/proc/${pid}`));
  return found.every((process) => process?.group !== group || STOPPED.includes(process.state));
}
