import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './panel.module.css';

export function Panel({
  id,
  title,
  aside,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={styles.panel} id={id} aria-labelledby={`${id}-title`}>
      <div className={styles.head}>
        <Title order={2} size="h5" id={`${id}-title`}>
          {title}
        </Title>
        {aside}
      </div>
      {children}
    </section>
  );
}
