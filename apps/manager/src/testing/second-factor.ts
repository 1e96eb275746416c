import type { RecoveryCodes, SecondFactorChallenge, SecondFactorSecret } from '@tidegate/contract-api';
import { stepAt, totp } from '../auth/second-factor/totp.ts';
import type { ManagerUnderTest } from './manager-under-test.ts';
import { askAs, newUser, NOBODY, PERSON_PASSWORD, signInAs, type Person } from './people.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}

/** The app on somebody's phone. */
export class Authenticator {
  readonly secret: Buffer;

  constructor(
    private readonly manager: ManagerUnderTest,
    readonly shown: SecondFactorSecret,
  ) {
    this.secret = fromBase32(shown.secret);
  }

  /** @param steps ahead of now */
  code(steps = 0): string {
    return totp(this.secret, stepAt(this.manager.clock.now()) + steps);
  }

  /** A code that has not been used: time moves on, in steps that no lease runs out in. */
  async next(): Promise<string> {
    for (let moved = 0; moved < STEP_MS; moved += STEP_MS / 5) {
      this.manager.clock.advance(STEP_MS / 5);
      await this.manager.call('GET', '/healthz');
    }
    return this.code();
  }
}

export interface PersonWithFactor {
  readonly person: Person;
  readonly app: Authenticator;
  readonly recoveryCodes: readonly string[];
}

export async function turnOn(manager: ManagerUnderTest, person: Person, password = PERSON_PASSWORD): Promise<PersonWithFactor> {
  const path = '/api/v1/account/second-factor';
  const begun = await askAs(manager, person, 'POST', path, { password });
  if (begun.status !== 201) throw new Error(`second factor: ${JSON.stringify(begun.body)}`);
  const app = new Authenticator(manager, begun.body as SecondFactorSecret);
  const confirmed = await askAs(manager, person, 'PUT', path, { code: app.code() });
  if (confirmed.status !== 200) throw new Error(`second factor: ${JSON.stringify(confirmed.body)}`);
  return { person, app, recoveryCodes: (confirmed.body as RecoveryCodes).recovery_codes };
}

export async function personWithFactor(manager: ManagerUnderTest): Promise<PersonWithFactor> {
  const { username } = await newUser(manager);
  return await turnOn(manager, (await signInAs(manager, username)).person);
}

/** The first step of a sign-in. */
export async function challengeOf(manager: ManagerUnderTest, username: string, password = PERSON_PASSWORD): Promise<string> {
  const { body } = await askAs(manager, NOBODY, 'POST', '/api/v1/session', { username, password });
  const { challenge } = body as Partial<SecondFactorChallenge>;
  if (challenge === undefined) throw new Error(`no challenge: ${JSON.stringify(body)}`);
  return challenge;
}
