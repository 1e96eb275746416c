import type { AuditChainRow, AuditFinding } from '@tidegate/contract-api';
import { rowText, type Sha256 } from './chain.ts';

/** A row whose hash does not fit its content where it stands. */
type Misfit = AuditChainRow;

/** Where its hash says that it was chained; null when its content was changed. */
function originOf(misfit: Misfit, candidates: readonly number[], sha256: Sha256): number | null {
  const tried = [misfit.position - 1, misfit.position + 1, ...candidates].filter((position) => position !== misfit.position);
  return tried.find((position) => sha256(rowText(misfit.prev_hash, { ...misfit, position })) === misfit.hash) ?? null;
}

interface Shift {
  readonly first: number;
  readonly by: number;
  last: number;
}

/** Runs of rows that were all moved by the same distance. */
function shiftsOf(moves: readonly { readonly to: number; readonly from: number }[]): Shift[] {
  const shifts: Shift[] = [];
  for (const { to, from } of moves) {
    const current = shifts.at(-1);
    if (current?.by === to - from && current.last === to - 1) current.last = to;
    else shifts.push({ first: to, by: to - from, last: to });
  }
  return shifts;
}

/**
 * Says what was done to rows that do not fit. A row that fits at another position was moved; a run up to the end that was moved by the
 * same distance means that rows were put in before it (moved up) or taken out (moved down) and the rest renumbered.
 * @param end position of the last row, or of the last one looked at when there were too many
 */
export function explainMisfits(misfits: readonly Misfit[], end: number, sha256: Sha256): AuditFinding[] {
  const positions = misfits.map((misfit) => misfit.position);
  const findings: AuditFinding[] = [];
  const moves: { to: number; from: number }[] = [];
  for (const misfit of misfits) {
    const from = originOf(misfit, positions, sha256);
    if (from === null) findings.push({ kind: 'changed', position: misfit.position, until: misfit.position });
    else moves.push({ to: misfit.position, from });
  }
  for (const { first, by, last } of shiftsOf(moves)) {
    const renumbered = last === end;
    if (renumbered && by > 0) findings.push({ kind: 'inserted', position: first - by, until: first - 1 });
    else if (renumbered && by < 0) findings.push({ kind: 'removed', position: first, until: first - by - 1 });
    else findings.push({ kind: 'reordered', position: first, until: last });
  }
  return findings;
}
