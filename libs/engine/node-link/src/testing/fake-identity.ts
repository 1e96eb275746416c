import type { Enrolment, Identity } from '../ports/identity.ts';

export interface FakeIdentity extends Identity {
  token: string | null;
  /** What was signed, as text. */
  readonly signed: readonly string[];
  /** Makes the next `saveEnrolment` reject. */
  failSave: boolean;
  failSign: boolean;
}

export const FAKE_PUBLIC_KEY = 'k'.repeat(43);
export const FAKE_SIGNATURE = 's'.repeat(86);

export function createFakeIdentity(known: Enrolment | null, token: string | null = null): FakeIdentity {
  let enrolment = known;
  const signed: string[] = [];
  const identity: FakeIdentity = {
    publicKey: FAKE_PUBLIC_KEY,
    token,
    signed,
    failSave: false,
    failSign: false,
    enrolment: () => enrolment,
    registrationToken: () => Promise.resolve(identity.token),
    saveEnrolment(next) {
      if (identity.failSave) return Promise.reject(new Error('disk full'));
      enrolment = next;
      identity.token = null;
      return Promise.resolve();
    },
    sign(bytes) {
      if (identity.failSign) throw new Error('no such algorithm');
      signed.push(new TextDecoder().decode(bytes));
      return FAKE_SIGNATURE;
    },
  };
  return identity;
}
