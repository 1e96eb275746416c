import type { NodeEvent } from '@tidegate/contract-events';
import type { Severity } from '@tidegate/contract-errors';

export interface NewEvent {
  /** One of EVENTS, or of a newer version that was taken back. */
  readonly name: string;
  readonly severity: Severity;
  readonly details: NodeEvent['details'];
}

/** Events on their way to the manager, in order, over restarts of node and manager. */
export interface Spool {
  /** Durable when it resolves. The spool gives id, number and time. Rejects only when the disk refuses the write. */
  append(event: NewEvent): Promise<NodeEvent>;
  /**
   * The oldest events after `sent`, at most `limit`, in order; from the oldest of all when `sent` is null or already
   * acknowledged. All of one spool id: the next spool's events come when this one's are acknowledged.
   */
  batch(sent: Pick<NodeEvent, 'spool_id' | 'seq'> | null, limit: number): Promise<readonly NodeEvent[]>;
  /** Forgets everything up to and including `seq`. Another spool's id, or a number from the future, is ignored. Idempotent. */
  acknowledge(spoolId: string, seq: number): Promise<void>;
  /** Called after each append; one listener. */
  onAppended(listener: () => void): void;
}
