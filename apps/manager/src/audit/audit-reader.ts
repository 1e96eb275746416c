import { Inject, Injectable } from '@nestjs/common';
import type { AuditChainRow, AuditEntryView, AuditHead, AuditKeyList, AuditVerification } from '@tidegate/contract-api';
import { createAuditVerifier } from '@tidegate/domain-audit-chain';
import { CONFIG, Database, Installation, type ManagerConfig } from '../platform/index.ts';
import { readHead, Sequencer } from '../sequence/index.ts';
import { AuditKeeper } from './audit-keeper.ts';
import { isSignedBy, keyIdOf, sha256 } from './audit-trust.ts';
import { InstallationKey } from './installation-key.ts';
import { readLastHead } from './last-head.ts';
import { selectChain, type AuditRow } from './persistence/audit-chain.ts';
import { selectHeads, selectKeys, selectNewestHead } from './persistence/audit-heads.ts';
import { selectAudit, selectAuditAfter, type AuditFilter } from './persistence/audit-pages.ts';

const BATCH = 1000;
const viewOf = (row: AuditRow): AuditEntryView => ({
  position: row.position === null ? null : Number(row.position),
  at: row.at,
  actor: row.actor,
  action: row.action,
  target_kind: row.target_kind,
  target_id: row.target_id,
  address: row.address,
  details: row.details,
});

/** The audit trail for those who review it. */
@Injectable()
export class AuditReader {
  private verifying: Promise<AuditVerification> | undefined;

  constructor(
    private readonly database: Database,
    private readonly sequencer: Sequencer,
    private readonly installation: Installation,
    private readonly key: InstallationKey,
    private readonly keeper: AuditKeeper,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  /** Newest first; at most `limit`, and whether there are more. */
  async page(filter: AuditFilter, limit: number, before: number | null): Promise<{ items: AuditEntryView[]; next: number | null }> {
    const read = (): Promise<AuditRow[]> => this.database.read((em) => selectAudit(em, filter, limit + 1, before));
    let rows = await read();
    // A page that ends among rows without a position could not say where the next one begins.
    if (rows.length > limit && rows[limit - 1]?.position === null) {
      await this.sequencer.settle('audit');
      rows = await read();
    }
    const items = rows.slice(0, limit).map(viewOf);
    return { items, next: rows.length > limit ? (items.at(-1)?.position ?? null) : null };
  }

  /** Everything that the filter lets through, oldest first, in parts. */
  async *filtered(filter: AuditFilter): AsyncGenerator<readonly (AuditEntryView & { readonly hash: string })[]> {
    await this.sequencer.settle('audit');
    for (let after = 0; ;) {
      const rows = await this.database.read((em) => selectAuditAfter(em, filter, BATCH, after));
      if (rows.length === 0) return;
      yield rows.map((row) => ({ ...viewOf(row), hash: row.hash }));
      after = Number(rows.at(-1)?.position);
    }
  }

  /** The chain as it is now, oldest first, in parts; and the heads there are for it. */
  async chain(): Promise<{ heads: readonly AuditHead[]; parts: AsyncGenerator<readonly AuditChainRow[]> }> {
    await this.sequencer.settle('audit');
    const { heads, until } = await this.database.read(async (em) => ({
      until: (await readHead(em, 'audit')).position,
      heads: await selectHeads(em),
    }));
    return { heads, parts: this.parts(until) };
  }

  private async *parts(until: number): AsyncGenerator<readonly AuditChainRow[]> {
    for (let after = 0; ;) {
      const rows = await this.database.read((em) => selectChain(em, after, until, BATCH));
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1)?.position ?? until;
    }
  }

  async keys(): Promise<AuditKeyList> {
    return await this.database.read(async (em) => ({ items: await selectKeys(em), newest_head: await selectNewestHead(em) }));
  }

  /** Walks everything there is; whoever asks meanwhile gets the same answer. */
  verify(): Promise<AuditVerification> {
    return (this.verifying ??= this.walk().finally(() => (this.verifying = undefined)));
  }

  /** Trusted is what lies outside the database: the key that this replica holds, and those that the configuration names. */
  private async walk(): Promise<AuditVerification> {
    const { heads, parts } = await this.chain();
    const own = await readLastHead(this.keeper.lastHeadFile);
    const publicKeys = [...this.config.audit.trusted_keys, ...(this.key.held ? [this.key.held.publicKey] : [])];
    const verifier = createAuditVerifier(own ? [...heads, own] : heads, {
      managerId: this.installation.managerId,
      keys: new Map(publicKeys.map((key) => [keyIdOf(key), key])),
      sha256,
      isSignedBy,
    });
    for await (const rows of parts) for (const row of rows) verifier.row(row);
    return verifier.finish();
  }
}
