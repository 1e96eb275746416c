import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { SOFTWARE_VERSION, type OpenDatabase } from '../platform/index.ts';
import { FORMAT, MANIFEST, partName, type BackupManifest } from './manifest.ts';
import * as records from './persistence/table-rows.ts';
import { tarEnd, tarEntry, type TarEntry } from './tar.ts';

const ROWS_AT_ONCE = 500;
const PART_BYTES = 4 * 1024 * 1024;

class Archive {
  readonly files: Record<string, string> = {};

  constructor(
    private readonly gzip: Gzip,
    private readonly at: Date,
  ) {}

  async add(entry: TarEntry): Promise<void> {
    this.files[entry.name] = createHash('sha256').update(entry.body).digest('hex');
    // A full disk while nobody waited: there will be no drain.
    if (this.gzip.errored) throw this.gzip.errored;
    if (!this.gzip.write(tarEntry(entry, this.at))) await once(this.gzip, 'drain');
  }
}

/**
 * Of one moment, beside running managers. The file appears under its name when it is whole, for its owner only.
 * @returns what is in it
 */
export async function writeBackup(opened: OpenDatabase, file: string, now: Date): Promise<BackupManifest> {
  const draft = `${file}.part`;
  const handle = await open(draft, 'wx', 0o600);
  const gzip = createGzip();
  const target = handle.createWriteStream({ flush: true });
  const written = finished(gzip.pipe(target));
  // Looked at when all is written; until then a full disk must not end the process.
  written.catch(() => {});
  gzip.on('error', () => {});
  target.once('error', (error) => gzip.destroy(error));
  try {
    const archive = new Archive(gzip, now);
    const manifest = await opened.database.transaction(async (em) => {
      await records.beginSnapshot(em);
      const tables = [];
      for (const table of await records.selectTables(em)) tables.push(await addTable(em, archive, table));
      const managerId = await records.readManagerId(em);
      const sequences = await records.selectSequences(em);
      const { applied } = await opened.migrations();
      const about = { format: FORMAT, made_at: now.toISOString(), manager_id: managerId, software_version: SOFTWARE_VERSION } as const;
      return { ...about, migrations: [...applied], tables, sequences, files: { ...archive.files } };
    });
    await archive.add({ name: MANIFEST, body: Buffer.from(JSON.stringify(manifest)) });
    gzip.end(tarEnd());
    await written;
    // Unlike a rename this never replaces what is there.
    await link(draft, file);
    await rm(draft);
    await syncFolder(dirname(file));
    return manifest;
  } catch (error) {
    gzip.destroy();
    target.destroy();
    await rm(draft, { force: true });
    throw error;
  }
}

type EntityManager = Parameters<typeof records.beginSnapshot>[0];

async function addTable(em: EntityManager, archive: Archive, table: records.Table): Promise<BackupManifest['tables'][number]> {
  let [rows, part, lines, bytes] = [0, 0, [] as string[], 0];
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    await archive.add({ name: partName(table.name, ++part), body: Buffer.from(`${lines.join('\n')}\n`) });
    [lines, bytes] = [[], 0];
  };
  for await (const read of records.readRows(em, table, ROWS_AT_ONCE)) {
    for (const line of read) {
      lines.push(line);
      bytes += line.length;
    }
    rows += read.length;
    if (bytes > PART_BYTES) await flush();
  }
  await flush();
  return { name: table.name, columns: [...table.columns], rows };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
