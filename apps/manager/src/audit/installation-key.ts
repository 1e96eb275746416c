import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  CLOCK,
  CONFIG,
  Database,
  DatabaseLife,
  LOG,
  placeOf,
  Secrets,
  type Clock,
  type Log,
  type ManagerConfig,
} from '../platform/index.ts';
import * as records from './persistence/audit-heads.ts';
import { makeSigningKey, readSigningKey, signingKeyOf, type SigningKey, type SigningKeyText } from './signing-key.ts';

const placeOfKey = (keyId: string): string => placeOf(records.SEALED_KEY, keyId);

/**
 * The key that signs the audit trail's heads. An installation has one, sealed in the database, so every replica signs. The first
 * releases kept it in a file: what is found there is taken over once. Another key in `audit.signing_key_file` is the signer from
 * then on; the old one's public key is then named in audit.trusted_keys.
 */
@Injectable()
export class InstallationKey implements OnModuleInit {
  /** null while only a replica of an earlier release has it, in a file. */
  held: SigningKey | null = null;

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    private readonly secrets: Secrets,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.life.onReady(async () => {
      await this.look();
      if (!this.held)
        this.log.warn({ file: this.file }, 'this replica signs no audit heads yet: the key lies in a file of another replica');
    });
  }

  private get file(): string {
    return this.config.audit.signing_key_file ?? join(this.config.data_dir, 'audit-signing-key.pem');
  }

  /** Asked again until it is there. @throws CodedError secret_damaged, secrets_key_wrong, config_invalid */
  async look(): Promise<void> {
    if (this.held) return;
    this.held = await this.database.transaction(async (em) => {
      await records.lockKeys(em);
      const [known, sealed, found] = [await records.selectKeys(em), await records.selectSealedKey(em), await readSigningKey(this.file)];
      const configured = this.config.audit.signing_key_file !== undefined;
      if (found && found.key.keyId !== sealed?.id && (configured || !sealed)) return await this.keep(em, found, 'taken over from its file');
      if (sealed) return signingKeyOf(this.secrets.open(sealed.sealed, placeOfKey(sealed.id)));
      return known.length > 0 ? null : await this.keep(em, makeSigningKey(), 'made');
    });
  }

  private async keep(em: EntityManager, { pem, key }: SigningKeyText, how: string): Promise<SigningKey> {
    const sealed = this.secrets.seal(pem, placeOfKey(key.keyId));
    await records.insertKey(em, { keyId: key.keyId, publicKey: key.publicKey, sealed }, this.clock.now());
    this.log.info(
      { audit_key_id: key.keyId, public_key: key.publicKey },
      `the key that signs the audit trail was ${how}; it lies in the database, sealed`,
    );
    return key;
  }
}
