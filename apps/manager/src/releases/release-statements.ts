import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CodedError, type ErrorCode, type Verdict } from '@tidegate/contract-errors';
import { parseManifest, releaseVersion, type Artefact, type Manifest } from '@tidegate/contract-manifest';
import { CLOCK, type Clock } from '../platform/index.ts';
import { ReleaseSources } from './release-sources.ts';
import { TrustAnchors } from './trust-anchors.ts';

/** A published statement does not change; it can be replaced by mistake or by force, which is noticed after this. */
const KEEP_MS = 5 * 60_000;
const KEEP_FAILURE_MS = 15_000;
const MAX_KEPT = 24;
/** GitHub dislikes more at once from one caller, and each of them may be 8 MiB while it is read. */
const MAX_AT_ONCE = 4;
const LIMITS = { statementDeadlineMs: 15_000, maxRetries: 1 };

/** A manifest without its lists of files, which are most of its size and only a node needs. */
export type ReleaseFacts = Omit<Manifest, 'artefacts'> & { readonly artefacts: readonly Omit<Artefact, 'files'>[] };

/** The two files as they are published. */
export interface StatementFiles {
  readonly manifestBytes: Uint8Array;
  readonly bundleBytes: Uint8Array;
}

export interface FileIdentity {
  readonly sha256: string;
  readonly size: number;
}

export interface ReleaseStatement {
  readonly manifestFile: FileIdentity;
  readonly bundleFile: FileIdentity;
  readonly verification: 'verified' | 'unverified' | 'refused';
  /** With `refused`: the verifier's code. */
  readonly errorCode: ErrorCode | null;
  /** Null when refused: nothing of it is believed then. */
  readonly release: ReleaseFacts | null;
}

interface Kept {
  readonly untilMs: number;
  readonly statement: Promise<ReleaseStatement>;
}

/** Signed statements of releases as the sources serve them, verified where this manager has been told whom to believe. */
@Injectable()
export class ReleaseStatements {
  private readonly kept = new Map<string, Kept>();
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly sources: ReleaseSources,
    private readonly anchors: TrustAnchors,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Requests for the same release share one look at the source.
   * @throws CodedError release_source_missing, source_unavailable, upgrade_release_not_found, upgrade_network_error and what else a source gives
   */
  read(deviceType: string, version: string): Promise<ReleaseStatement> {
    const key = `${deviceType} ${version}`;
    const nowMs = this.clock.now().getTime();
    const known = this.kept.get(key);
    if (known && known.untilMs > nowMs) return known.statement;
    const statement = this.files(deviceType, version).then((files) => this.judge(deviceType, version, files));
    this.keep(key, { untilMs: nowMs + KEEP_MS, statement });
    statement.catch(() => {
      if (this.kept.get(key)?.statement === statement) this.kept.set(key, { untilMs: nowMs + KEEP_FAILURE_MS, statement });
    });
    return statement;
  }

  /** As `read`, past what is kept here: whether a release was replaced meanwhile only its source knows. */
  readAnew(deviceType: string, version: string): Promise<ReleaseStatement> {
    this.kept.delete(`${deviceType} ${version}`);
    return this.read(deviceType, version);
  }

  /** What has been read and still counts, without asking anybody. */
  known(deviceType: string, version: string): boolean {
    return (this.kept.get(`${deviceType} ${version}`)?.untilMs ?? 0) > this.clock.now().getTime();
  }

  private keep(key: string, kept: Kept): void {
    this.kept.delete(key);
    this.kept.set(key, kept);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MAX_KEPT && oldest !== undefined) this.kept.delete(oldest);
  }

  /** The files themselves, which are too large to be kept here. @throws CodedError as read */
  async files(deviceType: string, version: string): Promise<StatementFiles> {
    const config = this.sources.of(deviceType);
    if (!config) throw new CodedError('release_source_missing');
    await this.enter();
    try {
      const source = await this.sources.open(config, LIMITS);
      try {
        const fetched = await source.fetchStatement(releaseVersion.parse(version), new AbortController().signal);
        if (!fetched.ok) throw new CodedError(fetched.code, fetched.details);
        return fetched.value;
      } finally {
        await source.close();
      }
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async enter(): Promise<void> {
    if (this.running >= MAX_AT_ONCE) await new Promise<void>((go) => this.waiting.push(go));
    this.running += 1;
  }

  private async judge(deviceType: string, version: string, files: StatementFiles): Promise<ReleaseStatement> {
    const verdict = await this.anchors.verify(deviceType, files);
    const parsed: Verdict<Manifest> = verdict ?? parseManifest(files.manifestBytes);
    const about = { manifestFile: identityOf(files.manifestBytes), bundleFile: identityOf(files.bundleBytes) };
    if (!parsed.ok) return { ...about, verification: 'refused', errorCode: parsed.code, release: null };
    const { artefacts, ...rest } = parsed.value;
    // A true statement about another release is none about this one.
    if (rest.version !== version || rest.device_type !== deviceType) {
      return { ...about, verification: 'refused', errorCode: 'upgrade_manifest_invalid', release: null };
    }
    const release = { ...rest, artefacts: artefacts.map(({ files: _, ...artefact }) => artefact) };
    return { ...about, verification: verdict ? 'verified' : 'unverified', errorCode: null, release };
  }
}

export const identityOf = (bytes: Uint8Array): FileIdentity => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  size: bytes.length,
});
