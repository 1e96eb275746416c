import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** One segment of owner, repository, tag or asset: never a path. */
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;
export const isSegment = (value: string): boolean => SEGMENT.test(value);

/** What `release.json` may say; everything has a default. */
export interface ReleaseNote {
  readonly name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly target_commitish?: string;
  /** ISO 8601. Orders the listing, newest first. */
  readonly published_at?: string;
}
export interface StoredAsset {
  readonly id: number;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Strong, from size, inode and modification time: hashing 80 MB for each answer would be the slowest part. */
  readonly etag: string;
  readonly modifiedAt: Date;
}
export interface StoredRelease extends Required<ReleaseNote> {
  readonly id: number;
  readonly owner: string;
  readonly repo: string;
  readonly tag: string;
  readonly assets: readonly StoredAsset[];
}
export interface PublishTarget {
  readonly owner?: string;
  readonly repo?: string;
  readonly tag?: string;
  readonly note?: ReleaseNote;
}

/** Ids are derived from names, so that they survive a restart and need no file of their own. */
const idOf = (...names: string[]): number =>
  Number.parseInt(createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 12), 16) + 1;

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names.filter(isSegment).sort();
}

/** Releases on disk as `<dataDir>/<owner>/<repo>/<tag>/{release.json, assets…}`, read again for each request. */
export class ReleaseStore {
  readonly dataDir: string;
  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  async repoExists(owner: string, repo: string): Promise<boolean> {
    return isSegment(owner) && isSegment(repo) && (await stat(join(this.dataDir, owner, repo)).catch(() => null))?.isDirectory() === true;
  }

  /** Newest first, drafts included. */
  async releases(owner: string, repo: string): Promise<StoredRelease[]> {
    const found: StoredRelease[] = [];
    for (const tag of await namesIn(join(this.dataDir, owner, repo))) {
      const release = await this.release(owner, repo, tag);
      if (release) found.push(release);
    }
    return found.sort((a, b) => (a.published_at === b.published_at ? b.id - a.id : a.published_at < b.published_at ? 1 : -1));
  }

  async release(owner: string, repo: string, tag: string): Promise<StoredRelease | null> {
    if (![owner, repo, tag].every(isSegment)) return null;
    const folder = join(this.dataDir, owner, repo, tag);
    const found = await stat(folder).catch(() => null);
    if (!found?.isDirectory()) return null;
    const note = await readNote(folder);
    const assets: StoredAsset[] = [];
    for (const name of await namesIn(folder)) {
      if (name === 'release.json') continue;
      const path = join(folder, name);
      const file = await stat(path, { bigint: true });
      if (!file.isFile()) continue;
      const etag = `"${createHash('sha256').update(`${file.size}-${file.ino}-${file.mtimeNs}`).digest('hex').slice(0, 32)}"`;
      assets.push({ id: idOf('asset', owner, repo, tag, name), name, path, sizeBytes: Number(file.size), etag, modifiedAt: file.mtime });
    }
    const defaults = {
      name: tag,
      body: '',
      draft: false,
      prerelease: false,
      target_commitish: 'main',
      published_at: found.mtime.toISOString(),
    };
    return { ...defaults, ...note, id: idOf('release', owner, repo, tag), owner, repo, tag, assets };
  }

  /**
   * Copies a folder of assets in and makes it visible in one step; an existing release of that tag is replaced.
   * Owner, repository and tag come from the folder's manifest.json unless given.
   */
  async publish(folder: string, target: PublishTarget = {}): Promise<{ owner: string; repo: string; tag: string }> {
    const derived = await placeFromManifest(folder).catch((): PublishTarget => ({}));
    const owner = target.owner ?? derived.owner;
    const repo = target.repo ?? derived.repo;
    const tag = target.tag ?? derived.tag;
    if (!owner || !repo || !tag || ![owner, repo, tag].every(isSegment))
      throw new Error('a release needs owner, repository and tag, given or in its manifest.json');
    const parent = join(this.dataDir, owner, repo);
    // Names with a leading dot are no segments: readers never see the unfinished copy.
    const unfinished = join(parent, `.${basename(tag)}-${randomUUID()}`);
    await mkdir(parent, { recursive: true });
    try {
      await cp(folder, unfinished, { recursive: true, preserveTimestamps: true });
      const note: ReleaseNote = { ...derived.note, ...(await readNote(folder)), ...target.note };
      await writeFile(join(unfinished, 'release.json'), JSON.stringify(note, null, 2));
      await rm(join(parent, tag), { recursive: true, force: true });
      await rename(unfinished, join(parent, tag));
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return { owner, repo, tag };
  }
}

async function readNote(folder: string): Promise<ReleaseNote> {
  const text = await readFile(join(folder, 'release.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as ReleaseNote;
}

async function placeFromManifest(folder: string): Promise<PublishTarget> {
  const parsed = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    version: string;
    channel: string;
    released_at: string;
    source: { repository: string; revision: string };
  };
  const [owner = '', repo = ''] = new URL(parsed.source.repository).pathname.split('/').filter(Boolean);
  const note: ReleaseNote = {
    published_at: parsed.released_at,
    target_commitish: parsed.source.revision,
    prerelease: parsed.channel !== 'stable' || parsed.version.includes('-'),
  };
  return { owner, repo: repo.replace(/\.git$/, ''), tag: `v${parsed.version}`, note };
}
