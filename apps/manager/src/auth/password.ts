import { hash, verify } from '@node-rs/argon2';
import { CodedError } from '@tidegate/contract-errors';

/** OWASP's first choice for argon2id (the library's default algorithm): 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const MAX_AT_ONCE = 2;
const MAX_WAITING = 50;

export const hashPassword = (password: string): Promise<string> => hash(password, COST);

/** Compared against when the name is unknown, so that both cases cost the same. */
let decoy: Promise<string> | undefined;

/** Hashing is the dearest thing an unknown caller can ask for, so only a few run at once and only some may wait. */
export class PasswordChecker {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @throws CodedError rate_limited when too many wait already. */
  async check(storedHash: string | undefined, password: string): Promise<boolean> {
    await this.enter();
    try {
      decoy ??= hashPassword('a password nobody has');
      const matches = await verify(storedHash ?? (await decoy), password);
      return storedHash !== undefined && matches;
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async enter(): Promise<void> {
    if (this.running >= MAX_AT_ONCE) {
      if (this.waiting.length >= MAX_WAITING) throw new CodedError('rate_limited', { retry_after_secs: 2 });
      await new Promise<void>((settle) => this.waiting.push(settle));
    }
    this.running += 1;
  }
}
