import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { AuditChainRow, AuditHead } from '@tidegate/contract-api';
import fc from 'fast-check';
import { createAuditVerifier, type AuditTrust } from './audit-verifier.ts';
import golden from './golden/chain.json' with { type: 'json' };
import { chainRows, GENESIS_HASH, headText, rowText, type ChainedRow } from './chain.ts';

const MANAGER = '0d9a5f3e-7c1b-4f3a-9a54-1f2e3d4c5b6a';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const rawOf = (key: KeyObject): string => createPublicKey(key).export({ format: 'jwk' }).x ?? '';
const idOf = (raw: string): string => createHash('sha256').update(Buffer.from(raw, 'base64url')).digest('hex').slice(0, 16);
// A fixed key: goldens hold its signatures (Ed25519 is deterministic).
const seed = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]);
const owner = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' });
const trust: AuditTrust = {
  managerId: MANAGER,
  keys: new Map([[idOf(rawOf(owner)), rawOf(owner)]]),
  sha256,
  isSignedBy: (publicKey, text, signature) => {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
  },
};

const entry = (position: number): ChainedRow => ({
  position,
  at: `2026-11-02T09:00:${String(position % 60).padStart(2, '0')}.000001Z`,
  actor: position % 2 === 0 ? 'admin' : 'zoë\n{"forged":true}',
  action: 'node.upgrade.request',
  target_kind: 'node',
  target_id: `node-${position}`,
  address: position % 3 === 0 ? null : '127.0.0.1',
  details: { version: '1.1.0', nested: { b: [1, 2.5, null], a: position } },
});
const chain = (length: number, from = 1, previous = GENESIS_HASH): AuditChainRow[] =>
  chainRows(
    previous,
    Array.from({ length }, (_, index) => entry(from + index)),
    sha256,
  );
const head = (row: AuditChainRow, key = owner, kind: AuditHead['kind'] = 'head'): AuditHead => {
  const unsigned = { kind, position: row.position, hash: row.hash, signed_at: '2026-11-02T09:01:00.000Z', key_id: idOf(rawOf(key)) };
  return { ...unsigned, signature: sign(null, Buffer.from(headText(MANAGER, unsigned)), key).toString('base64url') };
};
const at = (rows: readonly AuditChainRow[], position: number): AuditChainRow => rows[position - 1]!;
const audit = (rows: readonly AuditChainRow[], heads: readonly AuditHead[], how: AuditTrust = trust) => {
  const verifier = createAuditVerifier(heads, how);
  for (const row of rows) verifier.row(row);
  return verifier.finish();
};
const found = (rows: readonly AuditChainRow[], heads: readonly AuditHead[]) =>
  audit(rows, heads).findings.map(({ kind, position, until }) =>
    until === position ? `${kind} ${position}` : `${kind} ${position}-${until}`,
  );

const rows = chain(20);
const heads = [head(at(rows, 8)), head(at(rows, 16))];
const edited = (change: (rows: AuditChainRow[]) => void): AuditChainRow[] => {
  const copy = structuredClone(rows);
  change(copy);
  return copy;
};
/** Somebody with the whole database and without the key. */
const rehashed = (copy: readonly AuditChainRow[]): AuditChainRow[] =>
  chainRows(
    GENESIS_HASH,
    copy.map((row, index) => ({ ...row, position: index + 1 })),
    sha256,
  );

describe('an audit chain', () => {
  // The golden was made by other programs: Python's json and hashlib, and openssl.
  it('has the bytes of the golden, row, hash and head', () => {
    const made = chain(2);
    const signed = head(at(made, 2));
    expect({
      text: rowText(GENESIS_HASH, entry(1)),
      rows: made,
      head_text: headText(MANAGER, signed),
      head: signed,
      public_key: rawOf(owner),
    }).toEqual(golden);
  });

  it('is accepted as it was made, and tells how far it is signed', () => {
    expect(audit(rows, heads)).toEqual({
      ok: true,
      rows: 20,
      first_position: 1,
      last_position: 20,
      signed_until: 16,
      untrusted_heads: 0,
      findings: [],
    });
    expect(audit([], [])).toMatchObject({ ok: true, rows: 0, first_position: null });
  });

  it('goes on from a signed anchor when retention removed its beginning, and from nothing else', () => {
    const rest = rows.slice(8);
    expect(found(rest, [head(at(rows, 8), owner, 'anchor'), ...heads])).toEqual([]);
    expect(found(rest, heads)).toEqual(['unanchored 9']);
    expect(found(rows.slice(9), [head(at(rows, 8), owner, 'anchor')])).toEqual(['removed 9']);
    expect(found([], [head(at(rows, 8), owner, 'anchor')])).toEqual([]);
  });
});

describe('whoever can write to the database is found out who', () => {
  it.each<[string, (rows: AuditChainRow[]) => unknown, string[]]>([
    ['changes the content of a row', (copy) => void (copy[4]!.actor = 'somebody else'), ['changed 5']],
    [
      'changes a nested detail',
      (copy) => void (copy[4]!.details = { ...copy[4]!.details, nested: { b: [1, 2.5, 0], a: 5 } }),
      ['changed 5'],
    ],
    ['changes the time by a microsecond', (copy) => void (copy[4]!.at = copy[4]!.at.replace('000001', '000002')), ['changed 5']],
    [
      'changes a row together with its own hash',
      (copy) => void (copy[4] = chainRows(copy[4]!.prev_hash, [{ ...copy[4]!, actor: 'other' }], sha256)[0]!),
      ['changed 5'],
    ],
    ['changes a hash', (copy) => void (copy[4]!.hash = sha256('other')), ['changed 5']],
    ['removes a row', (copy) => copy.filter((row) => row.position !== 5), ['removed 5']],
    ['removes several rows', (copy) => copy.filter((row) => row.position < 5 || row.position > 7), ['removed 5-7']],
    ['removes the first rows', (copy) => copy.slice(3), ['unanchored 4']],
    ['removes the tail below a head', (copy) => copy.slice(0, 12), ['truncated 13-16']],
    ['removes everything', () => [], ['truncated 1-16']],
    [
      'swaps two rows',
      (copy) =>
        void ([copy[4], copy[9]] = [
          { ...copy[9]!, position: 5 },
          { ...copy[4]!, position: 10 },
        ]),
      ['reordered 5', 'reordered 10'],
    ],
    ['puts a row in twice', (copy) => void copy.splice(5, 0, { ...copy[4]! }), ['inserted 5']],
    [
      'puts a row in and renumbers the rest',
      (copy) => [
        ...copy.slice(0, 5),
        ...chainRows(copy[4]!.hash, [{ ...entry(6), actor: 'nobody' }], sha256),
        ...copy.slice(5).map((row) => ({ ...row, position: row.position + 1 })),
      ],
      ['inserted 6', 'rewritten 1-8'],
    ],
    [
      'removes a row and renumbers the rest',
      (copy) => [...copy.slice(0, 5), ...copy.slice(6).map((row) => ({ ...row, position: row.position - 1 }))],
      ['rewritten 1-8', 'removed 6'],
    ],
    [
      'changes a row and hashes everything anew',
      (copy) => {
        copy[9]!.actor = 'other';
        return rehashed(copy);
      },
      ['rewritten 9-16'],
    ],
    ['removes a row and hashes everything anew', (copy) => rehashed(copy.filter((row) => row.position !== 3)), ['rewritten 1-8']],
    [
      'removes the tail and writes another one',
      (copy) => rehashed([...copy.slice(0, 14), ...chain(6).map((row) => ({ ...row, actor: 'x' }))]),
      ['rewritten 9-16'],
    ],
  ])('%s', (_name, attack, expected) => {
    const copy = structuredClone(rows);
    const attacked = (attack(copy) as AuditChainRow[] | undefined) ?? copy;
    expect(found(attacked, heads).sort()).toEqual([...expected].sort());
  });

  it('signs heads with a key of their own: they count for nothing', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const forged = rehashed(edited((copy) => void (copy[9]!.actor = 'other')));
    const report = audit(forged, [...heads, head(at(forged, 16), privateKey)]);
    expect(report).toMatchObject({ ok: false, untrusted_heads: 1, signed_until: 8 });
    expect(audit(forged, [head(at(forged, 16), privateKey)])).toMatchObject({ ok: true, signed_until: null, untrusted_heads: 1 });
  });

  it('writes the trusted key’s id into a head, or shows a head of another installation', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const forged = { ...head(at(rows, 16), privateKey), key_id: idOf(rawOf(owner)) };
    expect(found(rows, [...heads, forged])).toEqual(['head_invalid 16']);
    expect(audit(rows, heads, { ...trust, managerId: 'another' }).findings.map((finding) => finding.kind)).toEqual([
      'head_invalid',
      'head_invalid',
    ]);
  });

  it('passes a head off as an anchor to hide that the beginning was removed', () => {
    const passedOff = { ...heads[0]!, kind: 'anchor' as const };
    expect(found(rows.slice(8), [passedOff, heads[1]!])).toEqual(['head_invalid 8', 'unanchored 9']);
  });

  it('does any one of these, anywhere', () => {
    const attacks = fc.oneof(
      fc.record({ kind: fc.constant('change' as const), position: fc.integer({ min: 1, max: 16 }) }),
      fc.record({ kind: fc.constant('remove' as const), position: fc.integer({ min: 1, max: 16 }) }),
      fc.record({ kind: fc.constant('rehash' as const), position: fc.integer({ min: 1, max: 16 }) }),
    );
    fc.assert(
      fc.property(attacks, ({ kind, position }) => {
        const changed = edited((copy) => void (copy[position - 1]!.target_id += '!'));
        const attacked =
          kind === 'remove' ? rows.filter((row) => row.position !== position) : kind === 'change' ? changed : rehashed(changed);
        const { findings } = audit(attacked, heads);
        expect(findings).not.toEqual([]);
        expect(findings.some((finding) => finding.position <= position && position <= finding.until)).toBe(
          kind !== 'remove' || position !== 1,
        );
      }),
    );
  });

  it('ruins the whole chain, and the report stays bounded', () => {
    const many = chain(3000).map((row) => ({ ...row, actor: 'x' }));
    expect(audit(many, []).findings).toHaveLength(100);
  });
});
