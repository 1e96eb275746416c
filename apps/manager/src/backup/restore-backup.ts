import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { appendAudit } from '../audit/index.ts';
import type { OpenDatabase } from '../platform/index.ts';
import { backupManifest, MANIFEST, tableOfPart, type BackupManifest } from './manifest.ts';
import * as records from './persistence/table-rows.ts';
import { readTar, type TarEntry } from './tar.ts';

const damaged = (part: string): CodedError => new CodedError('backup_damaged', { part });

/** @throws CodedError backup_damaged when it cannot be unpacked. Errors of `take` come as they are. */
async function eachFile(file: string, take: (entry: TarEntry) => Promise<void> | void): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  try {
    await pipeline(createReadStream(file), createGunzip(), async (unpacked: AsyncIterable<Buffer>) => {
      try {
        for await (const entry of readTar(unpacked)) {
          try {
            await take(entry);
          } catch (error) {
            failure = { error };
            throw error;
          }
        }
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    });
  } catch (error) {
    const cause = failure?.error ?? error;
    if (isCodedError(cause) || !isUnpacking(cause)) throw cause;
    throw damaged('archive');
  }
}
const isUnpacking = (error: unknown): boolean => /^Z_|^ERR_STREAM/.test(String((error as NodeJS.ErrnoException).code));

/**
 * Reads the whole file and compares every part with its digest.
 * @throws CodedError backup_damaged
 */
export async function checkBackup(file: string): Promise<BackupManifest> {
  const found = new Map<string, string>();
  let text = '';
  await eachFile(file, ({ name, body }) => {
    if (name === MANIFEST) text = body.toString('utf8');
    else found.set(name, createHash('sha256').update(body).digest('hex'));
  });
  const parsed = backupManifest.safeParse(text === '' ? null : asJson(text));
  if (!parsed.success) throw damaged(MANIFEST);
  const { files } = parsed.data;
  for (const [name, digest] of Object.entries(files)) if (found.get(name) !== digest) throw damaged(name);
  for (const name of found.keys()) if (!(name in files)) throw damaged(name);
  return parsed.data;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Into a database that nobody has used. Everything or nothing: the rows are written in one transaction. The schema becomes that of the
 * backup; serve brings it up to date afterwards.
 * @param opened with the migrations of the backup only
 * @throws CodedError backup_damaged, backup_too_new, database_not_empty
 */
export async function restoreBackup(opened: OpenDatabase, file: string, manifest: BackupManifest, now: Date): Promise<void> {
  const { applied, pending, unknown } = await opened.migrations();
  // What this release knows of the backup's migrations is pending or has been run already.
  const missing = manifest.migrations.find((name) => !pending.includes(name) && !applied.includes(name));
  if (missing !== undefined) throw new CodedError('backup_too_new', { migration: missing });
  if (unknown.length > 0) throw new CodedError('database_not_empty', { table: 'schema_migrations' });
  if (applied.length > 0) await refuseUsed(opened);
  await opened.migrate();
  await opened.database.transaction(async (em) => {
    const table = await records.firstTableInUse(em);
    if (table !== null) throw new CodedError('database_not_empty', { table });
    await records.beginRestore(em);
    const tables = new Map(manifest.tables.map((entry) => [entry.name, entry]));
    await eachFile(file, async ({ name, body }) => {
      const into = tables.get(tableOfPart(name) ?? '');
      if (into) await records.writeRows(em, into, body.toString('utf8').trimEnd().split('\n'));
    });
    for (const { name, rows } of manifest.tables) if ((await records.countRows(em, name)) !== rows) throw damaged(name);
    await records.endRestore(em);
    await records.setSequences(em, manifest.sequences);
    await records.closeRestoredSessions(em, now);
    await appendAudit(em, [
      {
        at: now,
        actor: 'system',
        action: 'installation.restore',
        targetKind: 'installation',
        targetId: manifest.manager_id,
        address: null,
        details: { made_at: manifest.made_at, software_version: manifest.software_version },
      },
    ]);
  });
}

async function refuseUsed({ database }: OpenDatabase): Promise<void> {
  const table = await database.read((em) => records.firstTableInUse(em));
  if (table !== null) throw new CodedError('database_not_empty', { table });
}
