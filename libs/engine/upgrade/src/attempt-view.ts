import type { AttemptRecord } from './node-state.ts';

/** A frozen copy: what was handed out must not change under the reader, nor let the reader change the node's memory. */
export const viewOf = (attempt: AttemptRecord): AttemptRecord => deepFreeze(structuredClone(attempt));

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
