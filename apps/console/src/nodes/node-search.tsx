import { NativeSelect } from '@mantine/core';
import { listNodes, type NodeCounts } from '@tidegate/contract-api';
import { useState } from 'react';
import { SettlingField } from '../frame/settling-field.tsx';
import type { NodeFilter } from './node-filter.ts';
import type { ChangeFilter } from './use-node-filter.ts';
import styles from './node-search.module.css';

const SORTS = [
  { value: 'name asc', label: 'Name, A to Z' },
  { value: 'name desc', label: 'Name, Z to A' },
  { value: 'software_version desc', label: 'Version, newest first' },
  { value: 'software_version asc', label: 'Version, oldest first' },
  { value: 'group asc', label: 'Group, A to Z' },
  { value: 'enrolled_at desc', label: 'Enrolled most recently' },
  { value: 'last_seen_at desc', label: 'Seen most recently' },
  { value: 'last_seen_at asc', label: 'Longest not seen' },
];

interface NodeSearchProps {
  readonly counts: NodeCounts | undefined;
  readonly filter: NodeFilter;
  readonly change: ChangeFilter;
}

interface PickProps {
  readonly label: string;
  readonly all: string;
  readonly value: string | undefined;
  readonly choices: readonly { readonly value: string; readonly nodes: number }[];
  readonly onPick: (value: string | undefined) => void;
}
/** What is filtered by stays a choice when nothing has it any more. */
function Pick({ label, all, value, choices, onPick }: PickProps) {
  const known = choices.map((choice) => ({ value: choice.value, label: `${choice.value} (${choice.nodes.toLocaleString()})` }));
  const missing = value !== undefined && !choices.some((choice) => choice.value === value) ? [{ value, label: value }] : [];
  return (
    <NativeSelect
      aria-label={label}
      data={[{ value: '', label: all }, ...known, ...missing]}
      value={value ?? ''}
      onChange={(event) => onPick(event.currentTarget.value || undefined)}
    />
  );
}

/** Keeps what was typed while it is no selector yet; the list goes on with the last one that was. */
function LabelField({ value, onSettled }: { readonly value: string; readonly onSettled: (text: string) => void }) {
  const [isWrong, setWrong] = useState(false);
  return (
    <SettlingField
      label="Labels"
      placeholder="Labels, such as site=quay,canary"
      maxLength={1000}
      value={value}
      error={isWrong && 'key=value or key, with commas between.'}
      onSettled={(text) => {
        const fits = text === '' || listNodes.shape.labels.safeParse(text).success;
        setWrong(!fits);
        if (fits) onSettled(text);
      }}
    />
  );
}

export function NodeSearch({ counts, filter, change }: NodeSearchProps) {
  const versions = counts?.versions.flatMap(({ software_version: value, nodes }) => (value === null ? [] : [{ value, nodes }])) ?? [];
  return (
    <div className={styles.fields} role="search">
      <SettlingField
        label="Search"
        placeholder="Search name, label or id"
        maxLength={128}
        value={filter.search ?? ''}
        onSettled={(search) => change({ search })}
      />
      <LabelField value={filter.labels ?? ''} onSettled={(labels) => change({ labels })} />
      <Pick
        label="Group"
        all="All groups"
        value={filter.group}
        choices={counts?.groups.map(({ name, nodes }) => ({ value: name, nodes })) ?? []}
        onPick={(group) => change({ group })}
      />
      <Pick
        label="Device type"
        all="All device types"
        value={filter.device_type}
        choices={counts?.device_types.map(({ device_type: value, nodes }) => ({ value, nodes })) ?? []}
        onPick={(device_type) => change({ device_type })}
      />
      <Pick label="Version" all="All versions" value={filter.version} choices={versions} onPick={(version) => change({ version })} />
      {/* Narrow screens have no column heads to click. */}
      <NativeSelect
        className={styles.sort}
        aria-label="Sort by"
        data={SORTS}
        value={`${filter.sort} ${filter.order}`}
        onChange={(event) => {
          const [sort, order] = event.currentTarget.value.split(' ') as [NodeFilter['sort'], NodeFilter['order']];
          change({ sort, order });
        }}
      />
    </div>
  );
}
