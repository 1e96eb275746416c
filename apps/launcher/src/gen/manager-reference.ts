import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Schema } from './schema-docs.ts';

export interface Metric {
  readonly kind: string;
  readonly of: 'installation' | 'replica';
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Alert {
  readonly severity: string;
  readonly expr: string;
  readonly lasting: string;
  readonly meaning: string;
  readonly runbook: string;
}

/** What the manager says of itself. */
export interface ManagerReference {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly alerts: Readonly<Record<string, Alert>>;
  /** Environment names and meanings by path. */
  readonly config: {
    readonly schema: Schema;
    readonly environment: Readonly<Record<string, string>>;
    readonly meanings: Readonly<Record<string, string>>;
  };
}

const PROGRAM = path.resolve(import.meta.dirname, '../../../manager/src/reference/main.ts');

/** Apps do not import each other, so the manager prints it. */
export function managerReference(): ManagerReference {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8', env, maxBuffer: 2 ** 24 });
  if (status !== 0) throw new Error(`the manager did not say what it is:\n${stderr}`);
  return JSON.parse(stdout) as ManagerReference;
}
