import { Tooltip } from '@mantine/core';
import type { NodeView } from '@tidegate/contract-api';
import { connectionText } from './badge-text.ts';
import styles from './connection-dot.module.css';

export function ConnectionDot({ connection }: { readonly connection: NodeView['connection'] }) {
  const { text, tone, meaning } = connectionText(connection);
  return (
    <Tooltip label={meaning}>
      <span className={styles.status} data-tone={tone} data-connection={connection}>
        <span className={styles.dot} aria-hidden="true" />
        {text}
      </span>
    </Tooltip>
  );
}
