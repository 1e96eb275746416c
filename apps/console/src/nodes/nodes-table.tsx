import { flexRender, getCoreRowModel, useReactTable, type Header } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { NodeView } from '@tidegate/contract-api';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { DownIcon, UpIcon } from '../frame/icons.tsx';
import type { May } from '../session/use-may.ts';
import { nodeColumns } from './node-columns.tsx';
import type { NodeFilter } from './node-filter.ts';
import { gridOf, visibilityOf, type ColumnId } from './shown-columns.ts';
import type { ChangeFilter } from './use-node-filter.ts';
import styles from './nodes-table.module.css';

interface NodesTableProps {
  readonly nodes: NodeView[];
  /** Of all that match, loaded or not; null when they are too many to count for a list. */
  readonly total: number | null;
  readonly filter: NodeFilter;
  readonly change: ChangeFilter;
  readonly columns: readonly ColumnId[];
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly may: May;
  readonly onUpgrade: (node: NodeView) => void;
  /** Called when the end of what is loaded comes near; `null` when everything is. */
  readonly onNearEnd: (() => void) | null;
}

const ESTIMATED_ROW_PX = 62;
const ROWS_AHEAD = 20;

function HeadCell({ header, filter, change }: { readonly header: Header<NodeView, unknown> } & Pick<NodesTableProps, 'filter' | 'change'>) {
  const text = flexRender(header.column.columnDef.header, header.getContext());
  if (!header.column.getCanSort()) return <div role="columnheader">{text}</div>;
  const isSorted = filter.sort === header.column.id;
  const order = isSorted && filter.order === 'asc' ? 'desc' : 'asc';
  return (
    <div role="columnheader" aria-sort={isSorted ? (filter.order === 'asc' ? 'ascending' : 'descending') : 'none'}>
      <button className={styles.sort} type="button" onClick={() => change({ sort: header.column.id as NodeFilter['sort'], order })}>
        {text}
        {isSorted && (filter.order === 'asc' ? <UpIcon size={13} /> : <DownIcon size={13} />)}
      </button>
    </div>
  );
}

/**
 * Only the rows in sight exist in the document, so a fleet of 100,000 scrolls like one of ten. The window itself scrolls;
 * a table of divs with roles, because rows of a real table cannot be placed by a transform in every browser.
 */
export function NodesTable({
  nodes,
  total,
  filter,
  change,
  columns: shown,
  selected,
  onSelect,
  may,
  onUpgrade,
  onNearEnd,
}: NodesTableProps) {
  const columns = useMemo(() => nodeColumns({ may, onUpgrade }), [may, onUpgrade]);
  const columnVisibility = useMemo(() => visibilityOf(shown), [shown]);
  // eslint-disable-next-line react-hooks/incompatible-library -- concerns the React Compiler, which does not compile this console
  const table = useReactTable({
    data: nodes,
    columns,
    getCoreRowModel: getCoreRowModel(),
    manualSorting: true,
    getRowId: (node) => node.id,
    state: { columnVisibility, rowSelection: Object.fromEntries([...selected].map((id) => [id, true])) },
    onRowSelectionChange: (change) => {
      const now = Object.fromEntries([...selected].map((id) => [id, true]));
      const next = typeof change === 'function' ? change(now) : change;
      onSelect(new Set(Object.keys(next).filter((id) => next[id])));
    },
  });
  const rows = table.getRowModel().rows;
  const body = useRef<HTMLDivElement>(null);
  const [bodyTopPx, setBodyTopPx] = useState(0);
  useLayoutEffect(() => setBodyTopPx(body.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ESTIMATED_ROW_PX,
    overscan: 8,
    scrollMargin: bodyTopPx,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const inSight = virtual.getVirtualItems();
  const lastInSight = inSight.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastInSight >= rows.length - ROWS_AHEAD) onNearEnd?.();
  }, [lastInSight, rows.length, onNearEnd]);
  const [head] = table.getHeaderGroups();
  return (
    <div
      className={styles.table}
      style={gridOf(shown)}
      role="table"
      aria-label="Managed nodes"
      aria-rowcount={total === null ? -1 : total + 1}
    >
      <div role="rowgroup" className={styles.head}>
        <div role="row" className={styles.headRow} aria-rowindex={1}>
          {head?.headers.map((header) => (
            <HeadCell key={header.id} header={header} filter={filter} change={change} />
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={body} className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {inSight.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              role="row"
              ref={virtual.measureElement}
              data-index={item.index}
              aria-rowindex={item.index + 2}
              className={styles.row}
              style={{ transform: `translateY(${item.start - bodyTopPx}px)` }}
            >
              {row.getVisibleCells().map((cell) => (
                <div key={cell.id} role="cell" data-column={cell.column.id}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
