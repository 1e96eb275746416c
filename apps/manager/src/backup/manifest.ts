import { z } from 'zod';

export const FORMAT = 'tidegate-manager-backup/1';
export const MANIFEST = 'manifest.json';

/** Last file of a backup: what has to be in it. */
export const backupManifest = z.object({
  format: z.literal(FORMAT),
  made_at: z.iso.datetime(),
  manager_id: z.uuid(),
  software_version: z.string(),
  /** Names of what had been run on the database, in order: the schema these rows are of. */
  migrations: z.array(z.string()),
  /** In an order in which rows can be written: what others refer to comes first. */
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.int() })),
  sequences: z.array(z.object({ name: z.string(), last: z.string() })),
  /** File name -> SHA-256, hex. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});
export type BackupManifest = z.infer<typeof backupManifest>;

/** Rows of a table as JSON lines, in parts of some megabytes. */
export const partName = (table: string, part: number): string => `tables/${table}/${String(part).padStart(6, '0')}.jsonl`;
export const tableOfPart = (name: string): string | undefined => /^tables\/([a-z0-9_]+)\/\d{6}\.jsonl$/.exec(name)?.[1];
