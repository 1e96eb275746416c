import { Tooltip } from '@mantine/core';
import { useStreamState } from './live-context.ts';
import styles from './live-mark.module.css';

const TEXTS = {
  connecting: ['connecting', 'Opening the live stream.'],
  live: ['live', 'Changes show up by themselves.'],
  reconnecting: ['reconnecting', 'The manager does not answer. What you see may be old; it is loaded anew once the manager is back.'],
} as const;

export function LiveMark() {
  const state = useStreamState();
  if (state === null) return null;
  const [text, meaning] = TEXTS[state];
  return (
    <Tooltip label={meaning} multiline maw={280}>
      <span className={styles.mark} data-state={state} role="status">
        <span className={styles.dot} aria-hidden="true" />
        {text}
      </span>
    </Tooltip>
  );
}
