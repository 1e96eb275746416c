import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Clock } from '../clock.ts';
import type { ManagerConfig } from '../config.ts';
import { DatabaseLife } from '../database/database-life.ts';
import { Database } from '../database/database.ts';
import type { Log } from '../log.ts';
import { insertKeyId, lockKeyIds, selectKeyIds } from '../persistence/secret-key-records.ts';
import { CLOCK, CONFIG, LOG } from '../tokens.ts';
import { KeyRing, ownKeyFile, refuseUnknown } from './key-ring.ts';
import { sealedSettingsOf } from './sealed-settings.ts';

/**
 * Secrets at rest. The database remembers by id which keys sealed something in it: a manager that was given another key, or none,
 * says so and does not become ready, instead of sealing with a key that nobody else has.
 */
@Injectable()
export class Secrets implements OnModuleInit {
  private ring: KeyRing | null = null;

  constructor(
    private readonly database: Database,
    private readonly life: DatabaseLife,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** @throws CodedError secrets_key_invalid, secrets_key_wrong, secret_damaged: what the configuration holds has to open at once. */
  async onModuleInit(): Promise<void> {
    this.ring = await KeyRing.load(this.config);
    for (const { place, sealed } of sealedSettingsOf(this.config)) this.open(sealed, place);
    this.life.onReady(() => this.prepare());
  }

  /** @param place what else is known of where it will be kept (`placeOf`): it opens nowhere else. */
  seal(text: string, place: string): string {
    return this.held().seal(text, place);
  }

  /** @throws CodedError secrets_key_wrong, secret_damaged */
  open(sealed: string, place: string): string {
    return this.held().open(sealed, place);
  }

  private held(): KeyRing {
    if (!this.ring) throw new CodedError('secrets_key_wrong', { held: [], expected_in: ownKeyFile(this.config.data_dir) });
    return this.ring;
  }

  private async prepare(): Promise<void> {
    // A key that was put in place while the manager waited for it.
    this.ring ??= await KeyRing.load(this.config);
    await this.database.transaction(async (em) => {
      await lockKeyIds(em);
      const known = await selectKeyIds(em);
      refuseUnknown(known, this.ring);
      this.ring ??= await this.make();
      await insertKeyId(em, this.ring.newestId, this.clock.now());
    });
  }

  private async make(): Promise<KeyRing> {
    const ring = await KeyRing.make(this.config);
    const file = ownKeyFile(this.config.data_dir);
    this.log.warn({ file, secrets_key_id: ring.newestId }, 'the key that seals secrets was made: keep a copy of it apart from the backups');
    return ring;
  }
}
