import type { EntityManager } from 'typeorm';

/** One file of a verified release. Its id stands for these very bytes: another content of the name gets another id. */
export interface MirrorFile {
  readonly id: number;
  readonly deviceType: string;
  readonly version: string;
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}
export type NewMirrorFile = Pick<MirrorFile, 'name' | 'sha256' | 'size'>;

interface Row {
  id: string;
  device_type: string;
  version: string;
  name: string;
  sha256: string;
  size: string;
}

const fileOf = (row: Row): MirrorFile => ({
  id: Number(row.id),
  deviceType: row.device_type,
  version: row.version,
  name: row.name,
  sha256: row.sha256,
  size: Number(row.size),
});
const COLUMNS = 'id, device_type, version, name, sha256, size';

/** The files that a release has from now on; in the order of their ids. */
export async function storeFiles(
  em: EntityManager,
  release: { readonly deviceType: string; readonly version: string; readonly at: Date },
  files: readonly NewMirrorFile[],
): Promise<MirrorFile[]> {
  const rows = await em.query<Row[]>(
    `INSERT INTO mirror_files (device_type, version, described_at, name, sha256, size)
     SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[], $6::bigint[])
     ON CONFLICT (device_type, version, name, sha256) DO UPDATE SET described_at = excluded.described_at
     RETURNING ${COLUMNS}`,
    [
      release.deviceType,
      release.version,
      release.at,
      files.map((file) => file.name),
      files.map((file) => file.sha256),
      files.map((file) => file.size),
    ],
  );
  return rows.map(fileOf).sort((a, b) => a.id - b.id);
}

/** As they were when the release was described last; none when it never was. */
export async function lastFilesOf(em: EntityManager, deviceType: string, version: string): Promise<MirrorFile[]> {
  const rows = await em.query<Row[]>(
    `SELECT ${COLUMNS} FROM mirror_files f
      WHERE device_type = $1 AND version = $2
        AND described_at = (SELECT max(described_at) FROM mirror_files WHERE device_type = $1 AND version = $2)
      ORDER BY id`,
    [deviceType, version],
  );
  return rows.map(fileOf);
}

export async function findFile(em: EntityManager, deviceType: string, id: number): Promise<MirrorFile | null> {
  const rows = await em.query<Row[]>(`SELECT ${COLUMNS} FROM mirror_files WHERE id = $1 AND device_type = $2`, [id, deviceType]);
  return rows[0] ? fileOf(rows[0]) : null;
}
