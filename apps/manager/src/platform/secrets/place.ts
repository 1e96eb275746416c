import type { SealedColumn } from '../database/data-source.ts';

/** Where a value of a sealed column opens, and nowhere else. @param id of its row, as the database writes it */
export const placeOf = ({ table, column }: Pick<SealedColumn, 'table' | 'column'>, id: string): string => `${table}.${column}/${id}`;
