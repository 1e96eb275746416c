import { useLocalStorage } from '@mantine/hooks';
import type { CSSProperties } from 'react';

/** Columns that people may choose, with their widths; the others always show. */
const WIDTHS = {
  connection: '116px',
  software_version: 'minmax(200px, 2.2fr)',
  group: 'minmax(80px, 0.8fr)',
  device_type: 'minmax(110px, 0.9fr)',
  labels: 'minmax(120px, 1.2fr)',
  last_seen_at: '104px',
  arch: '64px',
} as const;
export type ColumnId = keyof typeof WIDTHS;
export const COLUMN_IDS = Object.keys(WIDTHS) as readonly ColumnId[];
const DEFAULT: readonly ColumnId[] = ['connection', 'software_version', 'group', 'labels', 'last_seen_at', 'arch'];

/** In a fixed order, without what another version of the console stored. */
export const readColumns = (stored: unknown): readonly ColumnId[] =>
  Array.isArray(stored) ? COLUMN_IDS.filter((id) => stored.includes(id)) : DEFAULT;

/** Kept in this browser. */
export const useShownColumns = () => {
  const [stored, store] = useLocalStorage<readonly ColumnId[] | null>({
    key: 'tidegate-node-columns',
    defaultValue: null,
    getInitialValueInEffect: false,
  });
  return [readColumns(stored), (columns: readonly ColumnId[]) => store(columns)] as const;
};

export const gridOf = (shown: readonly ColumnId[]): CSSProperties =>
  ({ '--columns': `20px minmax(170px, 1.6fr) ${shown.map((id) => WIDTHS[id]).join(' ')} 104px` }) as CSSProperties;
export const visibilityOf = (shown: readonly ColumnId[]): Record<string, boolean> =>
  Object.fromEntries(COLUMN_IDS.map((id) => [id, shown.includes(id)]));
