import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK, CONFIG, Database, DatabaseLife, LOG, type Clock, type Log, type ManagerConfig } from '../platform/index.ts';
import * as records from './persistence/audit-heads.ts';
import { makeSigningKey, readSigningKey, type SigningKey } from './signing-key.ts';

/**
 * The key that signs the audit trail's heads. An installation has one: the first replica of all makes it, the others are given the
 * same file, or leave the signing to those who have it. Another key in the file is another signer from then on; name the old one's
 * public key in audit.trusted_keys.
 */
@Injectable()
export class InstallationKey implements OnModuleInit {
  /** null on a replica that was not given it. */
  held: SigningKey | null = null;

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.life.onReady(() => this.prepare());
  }

  private async prepare(): Promise<void> {
    if (this.held) return;
    const file = this.config.audit.signing_key_file ?? join(this.config.data_dir, 'audit-signing-key.pem');
    this.held = await this.database.transaction(async (em) => {
      await records.lockKeys(em);
      const known = await records.selectKeys(em);
      let key = await readSigningKey(file);
      if (!key && known.length > 0) return null;
      if (!key) {
        await mkdir(dirname(file), { recursive: true });
        key = await makeSigningKey(file);
        this.log.info({ audit_key_id: key.keyId, public_key: key.publicKey }, 'the key that signs the audit trail was made');
      }
      await records.insertKey(em, key.keyId, key.publicKey, this.clock.now());
      return key;
    });
    if (!this.held) this.log.warn({ file }, 'this replica signs no audit heads: it has not got the installation’s key');
  }
}
