import type { Enrolment, Identity, NodeKey } from '../ports/identity.ts';

export interface FakeIdentity extends Identity {
  token: string | null;
  /** What was signed with the key, and with the next one, as text. */
  readonly signed: readonly string[];
  readonly signedWithNext: readonly string[];
  /** Makes the next `saveEnrolment` reject. */
  failSave: boolean;
  failSign: boolean;
  /** How often a key was adopted or replaced. */
  adopted: number;
  replaced: number;
}

export const FAKE_PUBLIC_KEY = 'k'.repeat(43);
export const FAKE_NEXT_KEY = 'K'.repeat(43);
export const FAKE_SIGNATURE = 's'.repeat(86);

export function createFakeIdentity(known: Enrolment | null, token: string | null = null): FakeIdentity {
  let enrolment = known;
  let next: NodeKey | null = null;
  const signed: string[] = [];
  const signedWithNext: string[] = [];
  const keyOf = (publicKey: string, book: string[]): NodeKey => ({
    publicKey,
    sign(bytes) {
      if (identity.failSign) throw new Error('no such algorithm');
      book.push(new TextDecoder().decode(bytes));
      return FAKE_SIGNATURE;
    },
  });
  let key = keyOf(FAKE_PUBLIC_KEY, signed);
  const identity: FakeIdentity = {
    token,
    signed,
    signedWithNext,
    failSave: false,
    failSign: false,
    adopted: 0,
    replaced: 0,
    key: () => key,
    enrolment: () => enrolment,
    registrationToken: () => Promise.resolve(identity.token),
    saveEnrolment(saved) {
      if (identity.failSave) return Promise.reject(new Error('disk full'));
      enrolment = saved;
      identity.token = null;
      return Promise.resolve();
    },
    nextKey: () => next,
    prepareNextKey() {
      if (identity.failSave) return Promise.reject(new Error('disk full'));
      return Promise.resolve((next ??= keyOf(FAKE_NEXT_KEY, signedWithNext)));
    },
    adoptNextKey() {
      if (next === null) return Promise.resolve();
      key = next;
      next = null;
      identity.adopted += 1;
      return Promise.resolve();
    },
    replaceRevokedKey() {
      key = keyOf(FAKE_NEXT_KEY, signedWithNext);
      next = null;
      identity.replaced += 1;
      return Promise.resolve();
    },
  };
  return identity;
}
