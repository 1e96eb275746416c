import type { ReactNode } from 'react';
import { AlertIcon } from './icons.tsx';
import styles from './notice.module.css';

/** A boxed message. `isUrgent` has screen readers say it at once. */
export function Notice({
  tone,
  title,
  isUrgent = false,
  children,
}: {
  readonly tone: 'bad' | 'caution';
  readonly title: string;
  readonly isUrgent?: boolean;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.notice} data-tone={tone} role={isUrgent ? 'alert' : undefined}>
      <span className={styles.icon}>
        <AlertIcon size={18} />
      </span>
      <div className={styles.body}>
        <p className={styles.title}>{title}</p>
        {children}
      </div>
    </div>
  );
}
