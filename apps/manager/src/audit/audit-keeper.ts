/**
 * Signs what the chain came to, about once a minute, and removes what is older than the retention.
 *
 * Before it signs, it walks the rows since the last head: a change to one of them shows within a minute and is never signed over.
 * Every replica that has the key does this; two heads for one position say the same.
 */
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { AuditHead } from '@tidegate/contract-api';
import { GENESIS_HASH, headText, rowText } from '@tidegate/domain-audit-chain';
import type { EntityManager } from 'typeorm';
import { EventLog } from '../event-log/index.ts';
import { CLOCK, CONFIG, Database, Installation, LOG, oneAtATime, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import { readHead, Sequencer } from '../sequence/index.ts';
import { sha256 } from './audit-trust.ts';
import { InstallationKey } from './installation-key.ts';
import { readLastHead, writeLastHead } from './last-head.ts';
import { selectChain } from './persistence/audit-chain.ts';
import * as records from './persistence/audit-heads.ts';

const SIGN_EVERY_MS = 60_000;
/** So that a busy hour is signed more often. */
const SIGN_EVERY_ROWS = 500;
const RETENTION_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const BATCH = 1000;

interface Place {
  readonly position: number;
  readonly hash: string;
}

@Injectable()
export class AuditKeeper implements OnModuleInit {
  private signedPosition = 0;
  /** Where the chain was found broken last, so that it is told once and not every minute. */
  private brokenAt: number | null = null;

  constructor(
    private readonly database: Database,
    private readonly sequencer: Sequencer,
    private readonly events: EventLog,
    private readonly installation: Installation,
    private readonly key: InstallationKey,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** The newest head that this replica signed, outside the database. */
  get lastHeadFile(): string {
    return join(this.config.data_dir, 'audit-head.json');
  }

  onModuleInit(): void {
    const sign = oneAtATime(() => this.attempt('audit head not signed', () => this.sign()));
    this.clock.every(SIGN_EVERY_MS, sign);
    this.sequencer.onAdvance((name, { position }) => {
      if (name === 'audit' && position - this.signedPosition >= SIGN_EVERY_ROWS) sign();
    });
    this.clock.every(
      RETENTION_EVERY_MS,
      oneAtATime(() => this.attempt('expired audit rows not removed', () => this.removeExpired())),
    );
  }

  private async attempt(failure: string, act: () => Promise<void>): Promise<void> {
    if (!this.database.ready) return;
    try {
      await this.key.look();
      if (this.key.held) await act();
    } catch (error) {
      this.log.warn({ err: error }, failure);
    }
  }

  private async sign(): Promise<void> {
    const { head, newest } = await this.database.read(async (em) => ({
      head: await readHead(em, 'audit'),
      newest: await records.selectNewestHead(em),
    }));
    const own = await readLastHead(this.lastHeadFile);
    const from: Place = own && own.position >= (newest?.position ?? 0) ? own : (newest ?? { position: 0, hash: GENESIS_HASH });
    const broken = await this.firstBroken(from, { position: head.position, hash: head.tag });
    if (broken !== null) return await this.tellBroken(broken);
    this.signedPosition = head.position;
    if (head.position === from.position) return;
    const signed = this.signed('head', { position: head.position, hash: head.tag });
    await this.database.read((em) => records.insertHead(em, signed));
    await writeLastHead(this.lastHeadFile, signed);
    // The log goes elsewhere than the database: there it is one more witness.
    this.log.info({ audit_head: signed }, 'audit head signed');
  }

  private signed(kind: AuditHead['kind'], { position, hash }: Place): AuditHead {
    const { held } = this.key;
    if (!held) throw new Error('signed without a key');
    const unsigned = { kind, position, hash, signed_at: this.clock.now().toISOString(), key_id: held.keyId };
    return { ...unsigned, signature: held.sign(headText(this.installation.managerId, unsigned)) };
  }

  /** The first position after `from` where the rows up to `head` are not a chain; null when they are. */
  private async firstBroken(from: Place, head: Place): Promise<number | null> {
    let { position, hash } = from;
    while (position < head.position) {
      const rows = await this.database.read((em) => selectChain(em, position, head.position, BATCH));
      if (rows.length === 0) return position + 1;
      for (const row of rows) {
        const next = row.position === position + 1 && row.prev_hash === hash && sha256(rowText(hash, row)) === row.hash;
        if (!next) return position + 1;
        ({ position, hash } = row);
      }
    }
    return position === head.position && (position === 0 || hash === head.hash) ? null : position;
  }

  private async tellBroken(position: number): Promise<void> {
    if (this.brokenAt === position) return;
    this.brokenAt = position;
    this.log.error({ code: 'audit_chain_broken', position }, 'the audit trail was changed; no head is signed any more');
    await this.database.transaction((em) => this.events.record(em, { name: 'audit_chain_broken', details: { position } }));
  }

  /** Day by day: a transaction each, up to the newest head that covers expired rows only. */
  private async removeExpired(): Promise<void> {
    const now = this.clock.now().getTime();
    await this.database.read((em) => records.thinHeads(em, new Date(now - DAY_MS)));
    const before = new Date(now - this.config.retention.audit_days * DAY_MS);
    const step = async (em: EntityManager): Promise<boolean> => {
      const head = await records.expiredHead(em, before);
      if (head) await records.removeUpTo(em, this.signed('anchor', head));
      return head !== null;
    };
    while (await this.database.transaction(step));
  }
}
