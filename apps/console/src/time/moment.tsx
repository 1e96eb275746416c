import { Tooltip } from '@mantine/core';
import { useNow } from './now.ts';
import { localText, relativeTime, utcText } from './relative-time.ts';

interface MomentProps {
  readonly at: string | null;
  readonly absent?: string;
  /** Said in place of how long ago it was; the exact time stays on hover. */
  readonly instead?: string | undefined;
}

/** A time as people say it, with the exact one in UTC and local time on hover. */
export function Moment({ at, absent = 'never', instead }: MomentProps) {
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
      <time dateTime={at}>{instead ?? relativeTime(at, nowMs)}</time>
    </Tooltip>
  );
}
