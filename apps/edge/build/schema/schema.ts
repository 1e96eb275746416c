import type { Check } from './checks.ts';
import type { Issue } from './issue.ts';

export type Read = (value: unknown, issues: Issue[]) => unknown;

export type Parsed =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly data?: never; readonly error: { readonly issues: readonly Issue[] } };

/** What a schema says of a key that is absent. */
export interface Absence {
  /** `optional` leaves it absent, `defaulted` puts a value in its place; undefined = it must be there. */
  readonly taken: 'optional' | 'defaulted' | undefined;
  /** Whether what is read may lack the key. */
  readonly left: boolean;
}

const REQUIRED: Absence = { taken: undefined, left: false };

/** A schema of the subset that the agent uses: reads a value as zod would, with zod's own order of checks and issues. */
export class Schema {
  readonly read: Read;
  readonly checks: readonly Check[];
  readonly absence: Absence;
  /** All values it takes, where that is a list. */
  readonly values: ReadonlySet<unknown> | undefined;

  constructor(read: Read, checks: readonly Check[] = [], absence = REQUIRED, values?: ReadonlySet<unknown>) {
    this.read = read;
    this.checks = checks;
    this.absence = absence;
    this.values = values;
  }

  /** The value as read; what is wrong with it is added to `issues`. */
  run(value: unknown, issues: Issue[]): unknown {
    const from = issues.length;
    const read = this.read(value, issues);
    return this.checks.length === 0 ? read : runChecks(this.checks, read, issues, from);
  }

  safeParse(value: unknown): Parsed {
    const issues: Issue[] = [];
    const data = this.run(value, issues);
    return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } };
  }

  parse(value: unknown): unknown {
    const parsed = this.safeParse(value);
    if (parsed.success) return parsed.data;
    // Paths and rules, never the value: it may be a secret.
    throw Object.assign(new Error('a value does not fit its schema'), parsed.error);
  }
}

function runChecks(checks: readonly Check[], read: unknown, issues: Issue[], from: number): unknown {
  let value = read;
  let stopped = isStopped(issues, from);
  for (const check of checks) {
    if (check.ofLength ? !hasLength(value) || isOver(issues, from) : stopped) continue;
    const before = issues.length;
    value = check.look(value, issues);
    if (!stopped && issues.length > before) stopped = isStopped(issues, before);
  }
  return value;
}

export function isStopped(issues: readonly Issue[], from: number): boolean {
  for (let index = from; index < issues.length; index++) if (issues[index]?.goesOn !== true) return true;
  return false;
}

function isOver(issues: readonly Issue[], from: number): boolean {
  for (let index = from; index < issues.length; index++) if (issues[index]?.goesOn === false) return true;
  return false;
}

const hasLength = (value: unknown): boolean =>
  value !== null && value !== undefined && (value as { readonly length?: unknown }).length !== undefined;

/** Issues from `from` on are of what lies under `key`. */
export function placeUnder(key: PropertyKey, issues: readonly Issue[], from: number): void {
  for (let index = from; index < issues.length; index++) issues[index]?.path.unshift(key);
}
