import { join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import { releaseVersion, slotPathProblem } from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import type { SnapshotMark } from '@tidegate/engine-upgrade';
import { readPlain, writeWhole } from '../durable-file.ts';

const NAME = 'marker.json';
const MAX_MARKER_BYTES = 64 * 1024;

/** What a restore goes by, and nothing else: the mark, and every declared path with what it was. */
export interface Marker extends SnapshotMark {
  readonly paths: readonly { readonly path: string; readonly kind: 'present' | 'absent' }[];
}

export const markerPath = (folder: string): string => join(folder, NAME);

/** The last write of a snapshot, whole or not there. Readable by the version before, which is the one that restores. */
export const writeMarker = (folder: string, marker: Marker): Promise<void> =>
  writeWhole(markerPath(folder), `${JSON.stringify({ v: 1, ...marker })}\n`, 0o600);

/** Null without one. Throws `upgrade_rollback_failed` for one that cannot be understood: guessing would spoil the data. */
export async function readMarker(folder: string): Promise<Marker | null> {
  const bytes = readPlain(markerPath(folder), MAX_MARKER_BYTES);
  if (bytes === null) return null;
  const marker = parseMarker(bytes.toString('utf8'));
  if (!marker) throw new CodedError('upgrade_rollback_failed', { path: markerPath(folder), problem: 'is no marker of a snapshot' });
  return marker;
}

function parseMarker(text: string): Marker | null {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
  const attempt = attemptId.safeParse(given?.['attempt']);
  const from = releaseVersion.safeParse(given?.['from']);
  const to = releaseVersion.safeParse(given?.['to']);
  const paths = given?.['paths'];
  if (given?.['v'] !== 1 || !attempt.success || !from.success || !to.success || !Array.isArray(paths)) return null;
  return paths.every(isPath) ? { attempt: attempt.data, from: from.data, to: to.data, paths } : null;
}

const isPath = (value: unknown): value is Marker['paths'][number] => {
  const { path, kind } = (value ?? {}) as Record<string, unknown>;
  return typeof path === 'string' && slotPathProblem(path) === null && (kind === 'present' || kind === 'absent');
};
