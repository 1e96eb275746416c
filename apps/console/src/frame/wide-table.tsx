import { Table, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './wide-table.module.css';

interface WideTableProps {
  readonly label: string;
  /** '' for the column of buttons. */
  readonly heads: readonly string[];
  readonly children: ReactNode;
}

/** Scrolls sideways inside its frame on narrow screens; focusable, so that it can be scrolled by keys. */
export function WideTable({ label, heads, children }: WideTableProps) {
  return (
    <div className={styles.frame} role="region" aria-label={label} tabIndex={0}>
      <Table verticalSpacing={9} horizontalSpacing="md" miw={680}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head === '' ? <VisuallyHidden>Actions</VisuallyHidden> : head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
