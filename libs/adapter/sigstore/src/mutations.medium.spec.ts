import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUpgradeErrorCode } from '@tidegate/contract-errors';
import { checkBundle } from './check-bundle.ts';
import { anchorOf, bytesOf, manifestBytes, newAuthority, signedBundle } from './testing/signed-release.ts';

const manifest = manifestBytes();
let anchor: ReturnType<typeof anchorOf>;
let bundle: Buffer;
beforeAll(() => {
  const authority = newAuthority();
  signedBundle(authority, Buffer.from('earlier'));
  anchor = anchorOf(authority);
  bundle = bytesOf(signedBundle(authority, manifest));
});

const refusedByCode = (signed: Buffer, proof: Buffer): boolean => {
  const verdict = checkBundle(signed, proof, anchor);
  return !verdict.ok && isUpgradeErrorCode(verdict.code);
};
const withByte = (bytes: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(value, at % bytes.length);
  return copy;
};
const position = fc.nat({ max: 1_000_000 });
const byte = fc.integer({ min: 0, max: 255 });

describe('what was signed', () => {
  it('is accepted as it is, so that the properties below mean something', () => {
    expect(checkBundle(manifest, bundle, anchor).ok).toBe(true);
  });

  it('is never accepted with any byte of the manifest changed', () => {
    fc.assert(
      fc.property(position, byte, (at, value) => {
        fc.pre(manifest[at % manifest.length] !== value);
        return refusedByCode(withByte(manifest, at, value), bundle);
      }),
      { numRuns: 200 },
    );
  });

  it('is never accepted with any byte of the bundle changed', () => {
    fc.assert(
      fc.property(position, byte, (at, value) => {
        fc.pre(bundle[at % bundle.length] !== value);
        return refusedByCode(manifest, withByte(bundle, at, value));
      }),
      { numRuns: 400 },
    );
  });

  it('is never accepted with one bit of any byte outside the long base64 texts changed', () => {
    // Numbers, names, hashes and the checkpoint are where an unread field would hide: all of them, not a sample.
    const text = bundle.toString('latin1');
    const long = [...text.matchAll(/"(?:rawBytes|canonicalizedBody)":"[^"]+"/g)].map(
      ({ index, 0: match }) => [index + 24, index + match.length - 4] as const,
    );
    const accepted: string[] = [];
    for (let at = 0; at < bundle.length; at++) {
      if (long.some(([from, to]) => at >= from && at < to)) continue;
      if (!refusedByCode(manifest, withByte(bundle, at, bundle.readUInt8(at) ^ 1))) accepted.push(text.slice(at - 20, at + 20));
    }
    expect(accepted).toEqual([]);
  });

  it('is never accepted cut short or with bytes behind it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), (cut) => refusedByCode(manifest, bundle.subarray(0, cut % bundle.length))),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (tail) => refusedByCode(Buffer.concat([manifest, tail]), bundle)),
      { numRuns: 50 },
    );
  });
});

describe('what nobody signed', () => {
  it('is refused by a code, whatever bytes or JSON it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refusedByCode(manifest, Buffer.from(bytes))),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.json(), (json) => refusedByCode(manifest, Buffer.from(json))),
      { numRuns: 300 },
    );
  });

  it('is refused by a code when it is nested deeper than a stack', () => {
    const deep = (open: string, close: string): Buffer =>
      Buffer.from(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","x":${open.repeat(10_000)}1${close.repeat(10_000)}}`);
    expect(refusedByCode(manifest, deep('[', ']'))).toBe(true);
    expect(refusedByCode(manifest, deep('{"":', '}'))).toBe(true);
  });

  it('is refused by a code with any part of a genuine bundle replaced by any JSON', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.jsonValue(), (nth, value) => {
        const loose: unknown = JSON.parse(bundle.toString());
        const paths = pathsOf(loose);
        const path = paths[nth % paths.length] ?? [];
        const last = path.at(-1) ?? '';
        const holder = path.slice(0, -1).reduce((at, key) => at[key] as Json, loose as Json);
        fc.pre(JSON.stringify(holder[last]) !== JSON.stringify(value) && !isEmptyLike(holder[last], value));
        holder[last] = value;
        return refusedByCode(manifest, bytesOf(loose));
      }),
      { numRuns: 400 },
    );
  });
});

type Json = Record<string, unknown>;
const pathsOf = (value: unknown, path: readonly string[] = []): string[][] =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, member]) => [[...path, key], ...pathsOf(member, [...path, key])])
    : [];
/** A proto3 default in place of another default is the same message. */
const isEmptyLike = (...values: unknown[]): boolean =>
  values.every((value) => ['null', '""', '"0"', '[]', '{}', '0'].includes(JSON.stringify(value)));
