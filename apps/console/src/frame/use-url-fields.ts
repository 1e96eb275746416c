import { useMemo } from 'react';
import { useSearchParams } from 'react-router';

interface Shape {
  readonly [field: string]: { safeParse(value: unknown): { readonly success: boolean } };
}
export const fieldsFromUrl = <F extends string>(
  shape: Shape,
  fields: readonly F[],
  search: URLSearchParams,
): Partial<Record<F, string>> => {
  const found: Partial<Record<F, string>> = {};
  for (const field of fields) {
    const text = search.get(field);
    if (text !== null && text !== '' && shape[field]?.safeParse(text).success) found[field] = text;
  }
  return found;
};

/** Filters kept in the address bar, each checked by the API's own schema. `fields` and `shape` must be constants. */
export const useUrlFields = <F extends string>(shape: Shape, fields: readonly F[]) => {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const values = useMemo(() => fieldsFromUrl(shape, fields, new URLSearchParams(text)), [shape, fields, text]);
  const set = (field: F, value: string | undefined) =>
    setSearch(
      (now) => {
        const next = new URLSearchParams(now);
        if (value === undefined || value === '') next.delete(field);
        else next.set(field, value);
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  return { values, set, clear: () => setSearch({}, { replace: true }) };
};
