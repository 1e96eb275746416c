import { CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { SearchIcon } from '../frame/icons.tsx';
import type { NodeFilter } from './node-filter.ts';
import type { ChangeFilter } from './use-node-filter.ts';
import styles from './node-search.module.css';

const TYPING_PAUSE_MS = 250;

interface FieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly maxLength: number;
  readonly onSettled: (text: string) => void;
}
/** Follows the address bar when that changes from elsewhere, and writes into it once typing pauses. */
function SettlingField({ label, placeholder, value, maxLength, onSettled }: FieldProps) {
  const [text, setText] = useState(value);
  const settled = useRef(value);
  useEffect(() => {
    if (settled.current === value) return;
    settled.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === settled.current) return;
    const timer = setTimeout(() => {
      settled.current = text;
      onSettled(text);
    }, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={placeholder}
      maxLength={maxLength}
      value={text}
      leftSection={<SearchIcon />}
      onChange={(event) => setText(event.currentTarget.value)}
      rightSection={text === '' ? null : <CloseButton size="sm" aria-label={`Clear ${label.toLowerCase()}`} onClick={() => setText('')} />}
    />
  );
}

const SORTS = [
  { value: 'name asc', label: 'Name, A to Z' },
  { value: 'name desc', label: 'Name, Z to A' },
  { value: 'software_version desc', label: 'Version, newest first' },
  { value: 'software_version asc', label: 'Version, oldest first' },
  { value: 'last_seen_at desc', label: 'Seen most recently' },
  { value: 'last_seen_at asc', label: 'Longest not seen' },
];

export function NodeSearch({ filter, change }: { readonly filter: NodeFilter; readonly change: ChangeFilter }) {
  return (
    <div className={styles.fields} role="search">
      <SettlingField
        label="Search"
        placeholder="Search name, id or group"
        maxLength={128}
        value={filter.search ?? ''}
        onSettled={(search) => change({ search })}
      />
      <SettlingField
        label="Version"
        placeholder="Version, such as 1.2"
        maxLength={64}
        value={filter.version ?? ''}
        onSettled={(version) => change({ version })}
      />
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
