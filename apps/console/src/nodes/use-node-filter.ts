import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { changeFilter, filterFromUrl, filterToUrl, type NodeFilter } from './node-filter.ts';

export type ChangeFilter = (change: Parameters<typeof changeFilter>[1]) => void;

/** The address bar holds the filter; typing replaces the entry, so that "back" leaves the page instead of undoing letters. */
export const useNodeFilter = (): readonly [NodeFilter, ChangeFilter] => {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const filter = useMemo(() => filterFromUrl(new URLSearchParams(text)), [text]);
  const change: ChangeFilter = (fields) =>
    setSearch((now) => filterToUrl(changeFilter(filterFromUrl(now), fields)), { replace: true, preventScrollReset: true });
  return [filter, change];
};
