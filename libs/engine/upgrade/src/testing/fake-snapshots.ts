import { accept, CodedError, refuse, type Verdict } from '@tidegate/contract-errors';
import type { SnapshotMark, SnapshotStore } from '../ports/snapshot-store.ts';

/** The service's data by path, and what was set aside of them. */
export interface FakeData {
  live: Map<string, string>;
  copies: Map<string, string | null> | null;
  mark: SnapshotMark | null;
  /** Answers of a disk that does not take what is put back. */
  restoring: Verdict<void>;
}

export const someData = (): FakeData => ({ live: new Map(), copies: null, mark: null, restoring: accept(undefined) });

export function fakeSnapshots(data: FakeData, mutate: (what: string, act: () => void) => void): SnapshotStore {
  const of = (paths: readonly string[]) => paths.map((path) => [path, data.live.get(path) ?? null] as const);
  return {
    measure: async (paths) => accept({ bytes: of(paths).reduce((sum, [, text]) => sum + (text?.length ?? 0), 0), entries: paths.length }),
    take: async (mark, paths) => {
      if (data.mark && data.mark.attempt !== mark.attempt)
        return refuse('upgrade_snapshot_failed', { reason: 'another is not given back yet' });
      mutate('snapshot copies', () => (data.copies = new Map(of(paths))));
      mutate('snapshot marker', () => (data.mark = mark));
      return accept(undefined);
    },
    pending: async () => data.mark,
    restore: async (mark) => {
      if (data.mark?.attempt !== mark.attempt) throw new CodedError('upgrade_rollback_failed', { reason: 'no such snapshot' });
      if (!data.restoring.ok) return data.restoring;
      for (const [path, text] of data.copies ?? []) {
        mutate(`restore ${path}`, () => (text === null ? data.live.delete(path) : data.live.set(path, text)));
      }
      return accept(undefined);
    },
    drop: async (attempt) => {
      if (data.mark?.attempt === attempt) mutate('drop marker', () => (data.mark = null));
      if (!data.mark && data.copies) mutate('drop copies', () => (data.copies = null));
    },
    sweep: async () => {
      if (!data.mark && data.copies) mutate('sweep copies', () => (data.copies = null));
    },
  };
}
