import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '@tidegate/contract-errors';
import type { ManagerConfig } from '../config.ts';
import { keyIdOfSealed, seal, secretKey, unseal, type SecretKey } from './envelope.ts';
import { SECRETS_KEY } from './secrets-config.ts';

const KEY_BYTES = 32;

type KeyConfig = Pick<ManagerConfig, 'data_dir' | 'secrets'>;

/** The newest key, which seals, and the previous ones, which still open. */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, SecretKey>;

  private constructor(
    private readonly newest: SecretKey,
    previous: readonly SecretKey[],
  ) {
    this.keys = new Map([newest, ...previous].map((key) => [key.id, key]));
  }

  /**
   * From the environment, else from `secrets.key_file`, else from the file under data_dir.
   * @returns null when there is none yet. @throws CodedError secrets_key_invalid
   */
  static async load({ data_dir: dataDir, secrets }: KeyConfig): Promise<KeyRing | null> {
    const previous = await Promise.all(secrets.previous_key_files.map((file) => readKey(file)));
    if (secrets.key !== undefined) return new KeyRing(secretKey(Buffer.from(secrets.key, 'base64')), previous);
    if (secrets.key_file !== undefined) return new KeyRing(await readKey(secrets.key_file), previous);
    const own = ownKeyFile(dataDir);
    return (await isThere(own)) ? new KeyRing(await readKey(own), previous) : null;
  }

  /** Of an installation that has none. Durable before it is used: what it seals nobody could open otherwise. */
  static async make({ data_dir: dataDir }: KeyConfig): Promise<KeyRing> {
    const file = ownKeyFile(dataDir);
    await mkdir(dirname(file), { recursive: true });
    const bytes = randomBytes(KEY_BYTES);
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${bytes.toString('base64url')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(dirname(file));
    return new KeyRing(secretKey(bytes), []);
  }

  get newestId(): string {
    return this.newest.id;
  }
  get ids(): readonly string[] {
    return [...this.keys.keys()];
  }

  holdsKeyOf(sealed: string): boolean {
    return this.keys.has(keyIdOfSealed(sealed) ?? '');
  }

  seal(text: string, place: string): string {
    return seal(this.newest, text, place);
  }

  /** @throws CodedError secrets_key_wrong when another key sealed it; secret_damaged */
  open(sealed: string, place: string): string {
    const id = keyIdOfSealed(sealed);
    if (id === null) throw new CodedError('secret_damaged', { place });
    const key = this.keys.get(id);
    if (!key) throw new CodedError('secrets_key_wrong', { place, sealed_with: [id], held: [...this.ids] });
    return unseal(key, sealed, place);
  }
}

export const ownKeyFile = (dataDir: string): string => join(dataDir, 'secrets.key');

/** @throws CodedError secrets_key_wrong unless every key that sealed something is held. */
export function refuseUnknown(known: readonly string[], ring: KeyRing | null): void {
  const held = ring?.ids ?? [];
  if (!known.every((id) => held.includes(id))) throw new CodedError('secrets_key_wrong', { sealed_with: [...known], held: [...held] });
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

async function readKey(file: string): Promise<SecretKey> {
  const invalid = (problem: string): CodedError => new CodedError('secrets_key_invalid', { file, problem });
  const mode = (await stat(file).catch(() => null))?.mode;
  if (mode === undefined) throw invalid('unreadable');
  if ((mode & 0o077) !== 0) throw invalid('others may read or write it; it has to be mode 0600');
  const text = (
    await readFile(file, 'utf8').catch(() => {
      throw invalid('unreadable');
    })
  ).trim();
  if (!SECRETS_KEY.test(text)) throw invalid('not 32 bytes as base64');
  return secretKey(Buffer.from(text, 'base64'));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
