import type { NodeEvent } from '@tidegate/contract-events';
import type { FileEntry } from '@tidegate/contract-manifest';
import type { Severity, Verdict } from '@tidegate/contract-errors';

/** Durable when it resolves; delivered at least once. */
export interface EventSink {
  append(event: { readonly name: string; readonly severity: Severity; readonly details: NodeEvent['details'] }): Promise<void>;
}

export interface Clock {
  /** Wall clock: for people only, it may be wrong by decades. */
  now(): Date;
  /** Boot-time clock in seconds: goes on while the machine sleeps, never steps. */
  uptimeSecs(): number;
  bootId(): string;
  /** Calls back every `periodMs`; returns what stops it. */
  every(periodMs: number, callback: () => void): () => void;
}

/** Compares a folder with a signed file list; `also` names files beside the list that may exist. */
export type TreeVerifier = (folder: string, files: readonly FileEntry[], also: readonly string[]) => Promise<Verdict<void>>;
