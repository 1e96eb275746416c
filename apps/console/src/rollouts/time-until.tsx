import { Moment } from '../time/moment.tsx';
import { useNow } from '../time/now.ts';
import { durationText } from '../time/relative-time.ts';

/** How long until a time that lies ahead, counted down; the exact one on hover. */
export function TimeUntil({ at }: { readonly at: string }) {
  const leftMs = Date.parse(at) - useNow();
  return <Moment at={at} instead={leftMs > 0 ? `in ${durationText(Math.ceil(leftMs / 1000) * 1000)}` : 'now'} />;
}
