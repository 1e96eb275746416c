import type { ReactNode } from 'react';
import type { Tone } from './badge-text.ts';
import styles from './pill.module.css';

/** A word in a tone. The word alone must say it: colour is never the only sign. */
export function Pill({
  tone,
  children,
  fraction = null,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly fraction?: number | null;
}) {
  return (
    <span className={styles.pill} data-tone={tone}>
      {children}
      {fraction !== null && <span className={styles.bar} style={{ width: `${fraction * 100}%` }} aria-hidden="true" />}
    </span>
  );
}
