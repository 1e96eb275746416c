import { renameSync, rmSync, writeFileSync } from 'node:fs';

export type ServiceKind = 'manager' | 'release-source' | 'edge';
export interface RunningProcess {
  readonly name: string;
  readonly kind: ServiceKind;
  /** null while it is not running. */
  readonly pid: number | null;
  readonly starts: number;
}

/**
 * Keeps `processes.json` true while the system runs: which process is what. For people with a kill in mind, and for tests
 * that do the same. Written whole and renamed, so that a reader never sees half of it.
 */
export class ProcessTable {
  readonly file: string;
  readonly consoleUrl: string;
  private readonly rows = new Map<string, RunningProcess>();

  constructor(file: string, consoleUrl: string) {
    this.file = file;
    this.consoleUrl = consoleUrl;
  }

  set(name: string, kind: ServiceKind, pid: number | null): void {
    const before = this.rows.get(name);
    this.rows.set(name, { name, kind, pid, starts: (before?.starts ?? 0) + (pid === null ? 0 : 1) });
    this.write();
  }

  get processes(): readonly RunningProcess[] {
    return [...this.rows.values()];
  }

  private write(): void {
    const table = { console_url: this.consoleUrl, launcher_pid: process.pid, processes: this.processes };
    writeFileSync(`${this.file}.new`, `${JSON.stringify(table, null, 2)}\n`);
    renameSync(`${this.file}.new`, this.file);
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }
}
