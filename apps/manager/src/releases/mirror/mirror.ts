import { join } from 'node:path';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { MirroredRelease, MirroredReleases } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import { CLOCK, CONFIG, Database, LOG, type Clock, type Log, type ManagerConfig } from '../../platform/index.ts';
import * as records from '../persistence/mirror-records.ts';
import { ReleaseCatalogue } from '../release-catalogue.ts';
import { ReleaseSources } from '../release-sources.ts';
import { identityOf, ReleaseStatements, type ReleaseStatement } from '../release-statements.ts';
import { BlobStore } from './blob-store.ts';
import { SharedDownload, type SignedArtefact } from './shared-download.ts';

const MANIFEST = 'manifest.json';
const BUNDLE = 'manifest.sig.bundle';
/** Each holds a chunk in memory and a connection to the source. */
const MAX_FETCHES = 4;
const FETCH_LIMITS = { statementDeadlineMs: 30_000, maxRetries: 5 };

/** Bytes of a file; whoever took it reads it or closes it. */
export interface MirroredBytes {
  /** Resolves when the first of them can be read. */
  ready(first: number): Promise<void>;
  read(first: number, last: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Releases for nodes that reach nothing but their manager. Speaks what the edge's release source asks GitHub, serves only what
 * verifies, from the disk; what is not there is fetched once, however many ask, and passed on chunk by chunk as it verifies.
 */
@Injectable()
export class Mirror implements OnModuleInit, BeforeApplicationShutdown {
  private readonly blobs: BlobStore;
  private readonly downloads = new Map<string, Promise<SharedDownload>>();
  private readonly storing = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly sources: ReleaseSources,
    private readonly catalogue: ReleaseCatalogue,
    private readonly statements: ReleaseStatements,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.blobs = new BlobStore(join(config.data_dir, 'mirror'), config.mirror.max_bytes);
  }

  async onModuleInit(): Promise<void> {
    if (this.config.mirror.enabled) await this.blobs.prepare();
  }

  async list(deviceType: string, limit: number): Promise<MirroredReleases> {
    const { items } = await this.catalogue.list(deviceType, { limit });
    return items.map(({ version }) => ({ tag_name: `v${version}`, draft: false }));
  }

  /**
   * While the source is away, a release that was verified before is described as it was then.
   * @throws CodedError mirror_release_missing, mirror_release_unverified, source_unavailable
   */
  async describe(deviceType: string, tag: string): Promise<MirroredRelease> {
    const version = tag.startsWith('v') ? releaseVersion.safeParse(tag.slice(1)) : undefined;
    if (!version?.success) return missing();
    // A list is cheap and kept; a statement is not. Who asks for what there is not makes nobody fetch.
    const listed = await this.catalogue.find(deviceType, version.data);
    if (listed === 'no') missing();
    const files = listed === 'unknown' ? await this.lastFiles(deviceType, version.data) : await this.currentFiles(deviceType, version.data);
    return { tag_name: tag, draft: false, assets: files.map(({ id, name, size }) => ({ id, name, size })) };
  }

  private async currentFiles(deviceType: string, version: string): Promise<records.MirrorFile[]> {
    let statement: ReleaseStatement;
    try {
      statement = await this.statements.read(deviceType, version);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.code === 'upgrade_release_not_found') return missing();
      this.log.debug(
        { code: error.code, device_type: deviceType, version, details: error.details },
        'the mirror could not read a statement',
      );
      return await this.lastFiles(deviceType, version);
    }
    const { release, manifestFile, bundleFile } = statement;
    if (!release || statement.verification !== 'verified') {
      throw new CodedError('mirror_release_unverified', { ...(statement.errorCode && { error_code: statement.errorCode }) });
    }
    const files = [
      { name: MANIFEST, ...manifestFile },
      { name: BUNDLE, ...bundleFile },
      ...release.artefacts.map(({ name, sha256, size }) => ({ name, sha256, size })),
    ];
    return await this.database.read((em) => records.storeFiles(em, { deviceType, version, at: this.clock.now() }, files));
  }

  private async lastFiles(deviceType: string, version: string): Promise<records.MirrorFile[]> {
    const files = await this.database.read((em) => records.lastFilesOf(em, deviceType, version));
    if (files.length === 0) throw new CodedError('source_unavailable');
    return files;
  }

  /** @throws CodedError mirror_release_missing */
  async file(deviceType: string, id: number): Promise<records.MirrorFile> {
    const file = await this.database.read((em) => records.findFile(em, deviceType, id));
    return file ?? missing();
  }

  /** @throws CodedError mirror_release_missing, mirror_full, manager_unavailable (too many fetches), source_unavailable */
  async open(file: records.MirrorFile): Promise<MirroredBytes> {
    const stored = await this.fromDisk(file);
    if (stored) return stored;
    const statement = await this.statements.read(file.deviceType, file.version).catch((error: unknown) => {
      throw asUnavailable(error);
    });
    if (statement.verification !== 'verified') throw new CodedError('mirror_release_unverified');
    if (file.name === MANIFEST || file.name === BUNDLE) return await this.fromStatement(file, statement);
    const artefact = statement.release?.artefacts.find((one) => one.name === file.name && one.sha256 === file.sha256);
    if (!artefact) return missing();
    const bytes = (await this.fromDownload(file, artefact)) ?? (await this.fromDisk(file));
    if (!bytes) throw new CodedError('source_unavailable', { reason: 'the fetch failed just now' });
    return bytes;
  }

  /** Null when it ended before it could be taken hold of: it is on the disk then. */
  private async fromDownload(file: records.MirrorFile, artefact: SignedArtefact): Promise<MirroredBytes | null> {
    let starting = this.downloads.get(file.sha256);
    if (!starting) {
      if (this.downloads.size >= MAX_FETCHES) throw new CodedError('manager_unavailable');
      starting = this.startDownload(file, artefact);
      this.downloads.set(file.sha256, starting);
    }
    const download = await starting.catch((error: unknown) => {
      throw asUnavailable(error);
    });
    if (!download.acquire()) return null;
    return {
      ready: (first) =>
        download.until(first).catch((error: unknown) => {
          throw asUnavailable(error);
        }),
      read: (first, last) => download.read(first, last),
      close: () => download.release(),
    };
  }

  private async fromDisk(file: records.MirrorFile): Promise<MirroredBytes | null> {
    const handle = await this.blobs.open(file.sha256);
    if (!handle) return null;
    return {
      ready: async () => {},
      read: (start, end) => handle.createReadStream({ start, end, autoClose: false }),
      close: () => handle.close(),
    };
  }

  private async fromStatement(file: records.MirrorFile, statement: ReleaseStatement): Promise<MirroredBytes> {
    const key = `${file.deviceType} ${file.version}`;
    const storing = this.storing.get(key) ?? this.storeStatement(file, statement).finally(() => this.storing.delete(key));
    this.storing.set(key, storing);
    await storing.catch((error: unknown) => {
      throw asUnavailable(error);
    });
    return (await this.fromDisk(file)) ?? missing();
  }

  private async storeStatement({ deviceType, version }: records.MirrorFile, { manifestFile, bundleFile }: ReleaseStatement): Promise<void> {
    const { manifestBytes, bundleBytes } = await this.statements.files(deviceType, version);
    const isSame = identityOf(manifestBytes).sha256 === manifestFile.sha256 && identityOf(bundleBytes).sha256 === bundleFile.sha256;
    // Exchanged at the source since it was verified; it is read anew in a while.
    if (!isSame) missing();
    await this.blobs.put(manifestFile.sha256, manifestBytes);
    await this.blobs.put(bundleFile.sha256, bundleBytes);
  }

  /** Goes on without the one who asked first: others may be behind it, and it is on the disk afterwards. */
  private async startDownload(file: records.MirrorFile, artefact: SignedArtefact): Promise<SharedDownload> {
    const undo: (() => Promise<void>)[] = [async () => void this.downloads.delete(file.sha256)];
    const end = async (): Promise<void> => {
      for (const act of undo.toReversed()) await act();
    };
    try {
      const config = this.sources.of(file.deviceType);
      if (!config) return missing();
      const draft = await this.blobs.draft(file.size);
      undo.push(draft.end);
      const source = await this.sources.open(config, FETCH_LIMITS);
      undo.push(() => source.close());
      // Its list of files is for whoever unpacks it; a source needs name and size.
      const signed = { ...artefact, files: [] };
      const opened = await source.openArtefact(releaseVersion.parse(file.version), signed, 0, this.stopping.signal);
      if (!opened.ok) throw new CodedError(opened.code, opened.details);
      const download = await SharedDownload.create(draft.path, artefact);
      const run = this.finish(file, download.run(opened.value), draft.keepAs)
        .finally(() => download.release())
        .finally(end);
      this.running.add(run);
      void run.finally(() => this.running.delete(run));
      return download;
    } catch (error) {
      await end();
      throw error;
    }
  }

  private async finish(file: records.MirrorFile, run: Promise<void>, keepAs: (sha256: string) => Promise<void>): Promise<void> {
    const about = { device_type: file.deviceType, version: file.version, file: file.name };
    try {
      await run;
      await keepAs(file.sha256);
      this.log.info(about, 'mirrored');
    } catch (error) {
      const code = isCodedError(error) ? { code: error.code, details: error.details } : { err: error };
      this.log.warn({ ...about, ...code }, 'a file could not be mirrored');
    }
  }

  beforeApplicationShutdown(): Promise<unknown> {
    this.stopping.abort();
    return Promise.all(this.running);
  }
}

function missing(): never {
  throw new CodedError('mirror_release_missing');
}

/** The transport speaks of a node's upgrade; to a node that asks us, we are the source that fails. */
function asUnavailable(error: unknown): unknown {
  if (!isCodedError(error) || !error.code.startsWith('upgrade_')) return error;
  if (error.code === 'upgrade_release_not_found') return new CodedError('mirror_release_missing');
  const code = error.code === 'upgrade_checksum_mismatch' ? 'mirror_release_unverified' : 'source_unavailable';
  return new CodedError(code, { error_code: error.code, ...error.details }, { cause: error });
}
