import { Button, Checkbox, Tooltip } from '@mantine/core';
import { createColumnHelper } from '@tanstack/react-table';
import type { NodeView } from '@tidegate/contract-api';
import { Link } from 'react-router';
import { Copyable } from '../frame/copyable.tsx';
import { Moment } from '../time/moment.tsx';
import { targetOf, type May } from '../session/use-may.ts';
import { ConnectionDot } from './connection-dot.tsx';
import { Pill } from './pill.tsx';
import { standingTags, type Standing } from './standing-tags.ts';
import { VersionBadge } from './version-badge.tsx';
import styles from './nodes-table.module.css';

const column = createColumnHelper<NodeView>();

/** Builds made for demonstrations trust other signers than released ones; nobody should take one for the other. */
export function TrustTag({ purpose }: { readonly purpose: string | null }) {
  if (purpose === null || purpose === 'release') return null;
  return (
    <Tooltip label={`This agent trusts ${purpose} signers, not those of released versions.`}>
      <span>
        <Pill tone="caution">{purpose} trust</Pill>
      </span>
    </Tooltip>
  );
}

/** What sets a node apart from its kind, and what people decided about it; a person should look. */
export function StandingTags({ node }: { readonly node: Standing }) {
  return standingTags(node).map(({ word, meaning, tone }) => (
    <Tooltip key={word} multiline maw={340} label={meaning} events={{ hover: true, focus: true, touch: true }}>
      {/* Focusable, so that the explanation can be reached without a mouse. */}
      <span tabIndex={0}>
        <Pill tone={tone}>{word}</Pill>
      </span>
    </Tooltip>
  ));
}

function LabelPills({ labels }: { readonly labels: NodeView['labels'] }) {
  return (
    <span className={styles.labels}>
      {Object.entries(labels).map(([key, value]) => (
        <Pill key={key} tone="calm">
          {value === '' ? key : `${key}=${value}`}
        </Pill>
      ))}
    </span>
  );
}

interface RowActs {
  readonly may: May;
  readonly onUpgrade: (node: NodeView) => void;
}

/** Ids of sortable columns are the API's names for the same order. */
export const nodeColumns = ({ may, onUpgrade }: RowActs) => [
  column.display({
    id: 'select',
    header: ({ table }) => (
      <Checkbox
        size="xs"
        aria-label="Select all loaded nodes"
        checked={table.getIsAllRowsSelected()}
        indeterminate={table.getIsSomeRowsSelected()}
        onChange={table.getToggleAllRowsSelectedHandler()}
      />
    ),
    cell: ({ row }) => (
      <Checkbox
        size="xs"
        aria-label={`Select ${row.original.name}`}
        checked={row.getIsSelected()}
        onChange={row.getToggleSelectedHandler()}
      />
    ),
  }),
  column.accessor('name', {
    header: 'Name',
    cell: ({ row: { original: node } }) => (
      <>
        <span className={styles.nameLine}>
          <Link className={styles.name} to={`/admin/nodes/${node.id}`}>
            {node.name}
          </Link>
          <TrustTag purpose={node.trust_purpose} />
          <StandingTags node={node} />
        </span>
        <Copyable value={node.id} label={`id of ${node.name}`} length={8} />
      </>
    ),
  }),
  column.accessor('connection', {
    header: 'Status',
    enableSorting: false,
    cell: ({ getValue }) => <ConnectionDot connection={getValue()} />,
  }),
  column.accessor('software_version', { header: 'Version', cell: ({ row }) => <VersionBadge node={row.original} /> }),
  column.accessor('group', { header: 'Group' }),
  column.accessor('device_type', { header: 'Device type', enableSorting: false }),
  column.accessor('labels', { header: 'Labels', enableSorting: false, cell: ({ getValue }) => <LabelPills labels={getValue()} /> }),
  // Beats of a healthy node are not streamed, so its last one here is always a little old: being connected says more.
  column.accessor('last_seen_at', {
    header: 'Last seen',
    cell: ({ getValue, row }) => <Moment at={getValue()} instead={row.original.connection === 'online' ? 'now' : undefined} />,
  }),
  column.accessor('arch', {
    header: 'Arch',
    enableSorting: false,
    cell: ({ getValue }) => <span className={styles.quiet}>{getValue()}</span>,
  }),
  column.display({
    id: 'actions',
    header: () => <span className={styles.hidden}>Actions</span>,
    cell: ({ row: { original: node } }) =>
      node.capabilities.includes('upgrade') &&
      may('node.upgrade', targetOf(node)) && (
        <Button size="compact-sm" variant="default" fw={550} onClick={() => onUpgrade(node)} aria-label={`Upgrade ${node.name}…`}>
          Upgrade…
        </Button>
      ),
  }),
];
