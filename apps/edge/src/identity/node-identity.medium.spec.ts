import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NodeId } from '@tidegate/contract-protocol';
import { openIdentity } from './node-identity.ts';

const ENROLMENT = { nodeId: '6f1b8f3e-0c55-4c5e-9d3e-5d0c6d2f6a01' as NodeId, managerId: '0d9a2f6c-95c1-4a53-8f7a-1f5f6f0a2b02' };
const TOKEN = `tgr_${'t'.repeat(43)}`;

describe('openIdentity', () => {
  let root: string;
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const open = () => openIdentity({ folder, makeKey: true });
  const mode = (name: string): number => statSync(file(name)).mode & 0o777;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tidegate-identity-'));
    folder = join(root, 'identity');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('makes a key once, for its owner only, and signs with it', async () => {
    const first = await open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(mode('key.pem')).toBe(0o600);
    const again = await open();
    expect(again.key().publicKey).toBe(first.key().publicKey);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: first.key().publicKey }, format: 'jwk' });
    const bytes = Buffer.from('challenge');
    expect(verify(null, bytes, key, Buffer.from(again.key().sign(bytes), 'base64url'))).toBe(true);
  });

  it('remembers an enrolment and takes the used token away', async () => {
    const identity = await open();
    writeFileSync(file('registration-token'), `${TOKEN}\n`, { mode: 0o600 });
    expect(await identity.registrationToken()).toBe(TOKEN);
    await identity.saveEnrolment(ENROLMENT);
    expect(existsSync(file('registration-token'))).toBe(false);
    expect(await identity.registrationToken()).toBeNull();
    expect(JSON.parse(readFileSync(file('node.json'), 'utf8'))).toEqual({ node_id: ENROLMENT.nodeId, manager_id: ENROLMENT.managerId });
    expect((await open()).enrolment()).toEqual(ENROLMENT);
    await identity.saveEnrolment(ENROLMENT);
  });

  describe('a change of the key', () => {
    const changed = async () => {
      const identity = await open();
      await identity.saveEnrolment(ENROLMENT);
      return { identity, old: identity.key().publicKey, next: (await identity.prepareNextKey()).publicKey };
    };

    it('keeps both until the next one is adopted, over restarts', async () => {
      const { identity, old, next } = await changed();
      expect(mode('key.next.pem')).toBe(0o600);
      expect((await identity.prepareNextKey()).publicKey).toBe(next);
      const restarted = await open();
      expect([restarted.key().publicKey, restarted.nextKey()?.publicKey]).toEqual([old, next]);
      await restarted.adoptNextKey();
      await restarted.adoptNextKey();
      const after = await open();
      expect([after.key().publicKey, after.nextKey()]).toEqual([next, null]);
      expect(after.enrolment()).toEqual(ENROLMENT);
    });

    it('replaces a revoked key once, and anew after the next enrolment', async () => {
      const { identity, old, next } = await changed();
      await identity.replaceRevokedKey();
      const fresh = identity.key().publicKey;
      expect([old, next]).not.toContain(fresh);
      const restarted = await open();
      await restarted.replaceRevokedKey();
      expect([restarted.key().publicKey, restarted.nextKey()]).toEqual([fresh, null]);
      expect(restarted.enrolment()).toEqual(ENROLMENT);
      await restarted.saveEnrolment(ENROLMENT);
      await restarted.replaceRevokedKey();
      expect(restarted.key().publicKey).not.toBe(fresh);
    });

    it('goes on where a crash cut the replacement of a revoked key', async () => {
      const { old, next } = await changed();
      // As it lies there after the second of the three steps.
      writeFileSync(file('node.json'), JSON.stringify({ node_id: ENROLMENT.nodeId, manager_id: ENROLMENT.managerId, retired_key: old }));
      const restarted = await open();
      await restarted.replaceRevokedKey();
      expect((await open()).key().publicKey).toBe(next);
    });
  });

  it('makes no key for a probe', async () => {
    mkdirSync(folder, { mode: 0o700 });
    await expect(openIdentity({ folder, makeKey: false })).rejects.toMatchObject({
      code: 'identity_unusable',
      details: { reason: 'missing' },
    });
    expect(existsSync(file('key.pem'))).toBe(false);
  });

  it.each([0o640, 0o604, 0o660])('refuses a key of mode %o', async (loose) => {
    await open();
    chmodSync(file('key.pem'), loose);
    await expect(open()).rejects.toMatchObject({ code: 'identity_unusable', details: { reason: 'open to others' } });
  });

  it('refuses a token others can read', async () => {
    const identity = await open();
    writeFileSync(file('registration-token'), TOKEN);
    chmodSync(file('registration-token'), 0o644);
    await expect(identity.registrationToken()).rejects.toMatchObject({ code: 'identity_unusable', details: { reason: 'open to others' } });
  });

  it('refuses a folder others can write to', async () => {
    await open();
    chmodSync(folder, 0o770);
    await expect(open()).rejects.toMatchObject({ code: 'identity_unusable', details: { reason: 'open to others' } });
  });

  it.each([
    ['a link', () => (renameSync(file('key.pem'), file('real.pem')), symlinkSync('real.pem', file('key.pem'))), 'link'],
    ['a FIFO', () => (rmSync(file('key.pem')), execFileSync('mkfifo', ['-m', '600', file('key.pem')])), 'no plain file'],
    ['garbage', () => writeFileSync(file('key.pem'), 'no key'), 'no Ed25519 key'],
    [
      'a key of another kind',
      () => execFileSync('openssl', ['genpkey', '-algorithm', 'X25519', '-out', file('key.pem')]),
      'no Ed25519 key',
    ],
    ['something large', () => writeFileSync(file('key.pem'), 'x'.repeat(5000)), 'too large'],
  ])('refuses %s in the place of the key and makes no new one', async (_, spoil, reason) => {
    await open();
    spoil();
    if (reason !== 'link' && reason !== 'no plain file') chmodSync(file('key.pem'), 0o600);
    await expect(open()).rejects.toMatchObject({ code: 'identity_unusable', details: { file: file('key.pem'), reason } });
  });

  it.each(['', '{"node_id":"x"}', '{"node_id":"6f1b8f3e-0c55-4c5e-9d3e-5d0c6d2f6a01"}'])(
    'does not guess from a damaged node.json: %p',
    async (text) => {
      await open();
      writeFileSync(file('node.json'), text);
      await expect(open()).rejects.toMatchObject({ code: 'identity_unusable', details: { file: file('node.json') } });
    },
  );

  it('refuses a token that is none, without repeating it', async () => {
    const identity = await open();
    writeFileSync(file('registration-token'), 'tgr_short', { mode: 0o600 });
    await expect(identity.registrationToken()).rejects.toMatchObject({ details: { reason: 'no registration token' } });
  });
});
