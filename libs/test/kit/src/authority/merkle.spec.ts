import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inclusionProof, leafHash, treeRoot } from './merkle.ts';

const leaves = (count: number): Buffer[] => Array.from({ length: count }, (_unused, n) => leafHash(Buffer.from(`leaf ${n}`)));
/** RFC 9162 2.1.3.2, written from the verifier's side: it shares nothing with the prover but the node hash. */
function rootFromProof(index: number, size: number, leaf: Buffer, proof: readonly Buffer[]): Buffer | null {
  let [fn, sn, root] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      root = treeRoot([sibling, root]);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else {
      root = treeRoot([root, sibling]);
    }
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? root : null;
}

describe('the Merkle tree', () => {
  it('has the roots of RFC 6962’s published test vectors', () => {
    expect(treeRoot([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(treeRoot([leafHash(Buffer.alloc(0))]).toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    const published = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    expect(treeRoot(published.map((hex) => leafHash(Buffer.from(hex, 'hex')))).toString('hex')).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    );
  });

  it('proves every leaf of every size, and no leaf at another place', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat({ max: 1000 }), (size, pick) => {
        const hashes = leaves(size);
        const index = pick % size;
        const root = treeRoot(hashes);
        const proof = inclusionProof(index, hashes);
        const leaf = hashes[index] as Buffer;
        expect(rootFromProof(index, size, leaf, proof)).toEqual(root);
        const elsewhere = (index + 1) % size;
        if (elsewhere !== index) expect(rootFromProof(elsewhere, size, leaf, proof)).not.toEqual(root);
      }),
    );
  });
});
