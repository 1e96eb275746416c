import { Tooltip } from '@mantine/core';
import { useNow } from './now.ts';
import { localText, relativeTime, utcText } from './relative-time.ts';

/** A time as people say it, with the exact one in UTC and local time on hover. */
export function Moment({ at, absent = 'never' }: { readonly at: string | null; readonly absent?: string }) {
  const nowMs = useNow();
  if (at === null) return <span>{absent}</span>;
  return (
    <Tooltip
      label={
        <>
          {utcText(at)}
          <br />
          {localText(at)} here
        </>
      }
      openDelay={250}
    >
      <time dateTime={at}>{relativeTime(at, nowMs)}</time>
    </Tooltip>
  );
}
