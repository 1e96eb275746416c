import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { chainRows, GENESIS_HASH, headText } from '@tidegate/domain-audit-chain';
import { verifyExport } from './audit-verify.ts';
import { Ending } from './ending.ts';

const MANAGER = '3ca19da3-7383-4fbc-a68e-28d97b810b17';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, raw: publicKey.export({ format: 'jwk' }).x ?? '' };
};
const OWN = keyPair();

function exported(signer = OWN): string[] {
  const rows = chainRows(
    GENESIS_HASH,
    [1, 2, 3].map((position) => ({
      position,
      at: `2026-03-01T10:00:0${position}.000000Z`,
      actor: 'admin',
      action: 'node.update',
      target_kind: 'node',
      target_id: 'n',
      address: null,
      details: { n: position },
    })),
    sha256,
  );
  const keyId = createHash('sha256').update(Buffer.from(signer.raw, 'base64url')).digest('hex').slice(0, 16);
  const head = { kind: 'head' as const, position: 3, hash: rows[2]!.hash, signed_at: '2026-03-01T10:01:00.000Z', key_id: keyId };
  const signature = sign(null, Buffer.from(headText(MANAGER, head)), signer.privateKey).toString('base64url');
  return [
    { type: 'audit_export', format: 1, manager_id: MANAGER, exported_at: '2026-03-01T10:02:00.000Z' },
    ...rows.map((row) => ({ type: 'row', ...row })),
    { type: 'head', ...head, signature },
    { type: 'audit_export_end', rows: 3 },
  ].map((line) => JSON.stringify(line));
}
const verify = (lines: readonly string[], keys: readonly string[] = [OWN.raw]) => verifyExport(Readable.from([lines.join('\n')]), keys);
const refusal = async (lines: readonly string[], keys?: readonly string[]): Promise<string> => {
  const error: unknown = await verify(lines, keys).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Ending);
  return (error as Ending).parts.code;
};

describe('an export that is verified without the manager', () => {
  it('holds when it is what the trusted key signed', async () => {
    expect(await verify(exported())).toMatchObject({ ok: true, rows: 3, signed_until: 3, untrusted_heads: 0, findings: [] });
  });

  it('tells a changed and a removed row', async () => {
    const changed = exported().map((line) => line.replace('"n":2', '"n":9'));
    expect(await verify(changed)).toMatchObject({ ok: false, findings: [{ kind: 'changed', position: 2 }] });
    const removed = exported()
      .filter((line) => !line.includes('"n":2'))
      .map((line) => line.replace('"rows":3', '"rows":2'));
    expect(await verify(removed)).toMatchObject({ ok: false, findings: [{ kind: 'removed', position: 2 }] });
  });

  it('trusts the keys that it was given and no key that the file names', async () => {
    expect(await verify(exported(keyPair()))).toMatchObject({ signed_until: null, untrusted_heads: 1 });
  });

  it('is refused when it was cut off, miscounts, goes on after its end or is none', async () => {
    const whole = exported();
    expect(await refusal(whole.slice(0, -1))).toBe('audit_export_unusable');
    expect(await refusal(whole.map((line) => line.replace('"rows":3', '"rows":4')))).toBe('audit_export_unusable');
    expect(await refusal([...whole, whole[1]!])).toBe('audit_export_unusable');
    expect(await refusal(whole.slice(1))).toBe('audit_export_unusable');
    expect(await refusal(['{"type":"row"}'])).toBe('audit_export_unusable');
    expect(await refusal([])).toBe('audit_export_unusable');
    expect(await refusal(whole, ['short'])).toBe('request_invalid');
  });
});
