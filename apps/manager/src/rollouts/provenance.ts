import { Inject, Injectable } from '@nestjs/common';
import type { RolloutPins } from '@tidegate/contract-api';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { Facts } from '@tidegate/domain-rollout';
import { Discovery } from '../discovery/index.ts';
import { LOG, type Log } from '../platform/index.ts';
import { ReleaseCatalogue, ReleaseStatements } from '../releases/index.ts';
import type { RolloutRecord } from './rollout-record.ts';

/** What the source and the git remote say now of a release that was pinned before. */
export type Proof = Pick<Facts, 'artefact' | 'provenance'>;
export const isGood = ({ artefact, provenance }: Proof): boolean =>
  artefact === 'as_pinned' && (provenance === 'verified' || provenance === 'not_configured');

/** That every wave installs exactly what the first one did, built from the commit that its tag names. Missing data is no proof. */
@Injectable()
export class Provenance {
  constructor(
    private readonly catalogue: ReleaseCatalogue,
    private readonly statements: ReleaseStatements,
    private readonly discovery: Discovery,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Not inside of a transaction: it waits for the source and the remote.
   * @throws CodedError upgrade_version_unknown; upgrade_provenance_mismatch for what does not prove itself, or cannot be read
   */
  async pin(deviceType: string, version: string, channel: string): Promise<RolloutPins> {
    if ((await this.catalogue.has(deviceType, version, channel)) === 'no')
      throw new CodedError('upgrade_version_unknown', { version, channel });
    const read = await this.read(deviceType, version);
    if ('missing' in read) throw new CodedError('upgrade_provenance_mismatch', { rule: 'statement_missing', code: read.missing });
    const { sha256, revision } = read;
    const commit = await this.discovery.commitOf(deviceType, version);
    const provenance = judge(commit, revision);
    if (provenance === 'mismatch' || provenance === 'missing')
      throw new CodedError('upgrade_provenance_mismatch', {
        rule: provenance === 'missing' ? 'tag_missing' : 'revision_differs',
        source_revision: revision,
        tag_commit: typeof commit === 'object' ? commit.commit : null,
      });
    const tagCommit = typeof commit === 'object' ? commit.commit : null;
    return { manifest_sha256: sha256, source_revision: revision, tag_commit: tagCommit, provenance };
  }

  /** The same questions again, before a wave is opened. */
  async prove({ deviceType, version, pins }: RolloutRecord): Promise<Proof> {
    const read = await this.read(deviceType, version);
    if ('missing' in read) return { artefact: 'as_pinned', provenance: 'missing' };
    const artefact = read.sha256 === pins.manifest_sha256 ? 'as_pinned' : 'changed';
    return { artefact, provenance: judge(await this.discovery.commitOf(deviceType, version), read.revision) };
  }

  private async read(deviceType: string, version: string): Promise<{ sha256: string; revision: string | null } | { missing: string }> {
    try {
      const { manifestFile, release, errorCode } = await this.statements.readAnew(deviceType, version);
      if (!release) return { missing: errorCode ?? 'upgrade_manifest_invalid' };
      return { sha256: manifestFile.sha256, revision: release.source.revision };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.log.warn({ code: error.code, device_type: deviceType, version, details: error.details }, 'a pinned release could not be read');
      return { missing: error.code };
    }
  }
}

function judge(commit: Awaited<ReturnType<Discovery['commitOf']>>, revision: string | null): Facts['provenance'] {
  if (commit === 'not_configured' || commit === 'missing') return commit;
  return commit.commit === revision ? 'verified' : 'mismatch';
}
