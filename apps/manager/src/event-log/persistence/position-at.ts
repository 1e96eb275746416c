import type { EntityManager } from 'typeorm';
import { firstFrom } from './event-pages.ts';

/**
 * Positions follow the times of receipt up to what lies between receipt and commit, and to how far the clocks of two replicas
 * are apart. Whoever looks for a time begins this much before it.
 */
const SLACK_MS = 10 * 60_000;

/**
 * The last position before the first row that was received at `wantedMs` or later, as far as rows follow their times. Found by halving: an
 * index by time would be paid for by every insert.
 * @param head the last position there is
 */
async function halve(em: EntityManager, wantedMs: number, head: number): Promise<number> {
  let low = 0;
  let high = head;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const row = await firstFrom(em, middle + 1);
    if (row && row.receivedAt.getTime() < wantedMs) low = Math.max(middle + 1, row.position);
    else high = middle;
  }
  return Math.min(low, head);
}

/** Nothing received at `from` or later lies at this position or before it. */
export const positionBefore = (em: EntityManager, from: Date, head: number): Promise<number> => halve(em, from.getTime() - SLACK_MS, head);

/** Nothing received before `to` lies after this position. */
export const positionUntil = (em: EntityManager, to: Date, head: number): Promise<number> => halve(em, to.getTime() + SLACK_MS, head);
