import { createHash } from 'node:crypto';

/** RFC 6962 section 2: leaves and nodes are hashed with different prefixes, so that a node can never pass for a leaf. */
export const leafHash = (leaf: Uint8Array): Buffer => createHash('sha256').update(Buffer.of(0)).update(leaf).digest();
const nodeHash = (left: Buffer, right: Buffer): Buffer => createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();

/** Root over the hashes of the leaves; the empty tree has the hash of nothing. */
export function treeRoot(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes;
  if (only === undefined) return createHash('sha256').digest();
  if (hashes.length === 1) return only;
  const split = splitPoint(hashes.length);
  return nodeHash(treeRoot(hashes.slice(0, split)), treeRoot(hashes.slice(split)));
}

/** Sibling hashes from the leaf up to the root (RFC 6962, 2.1.1). */
export function inclusionProof(index: number, hashes: readonly Buffer[]): Buffer[] {
  if (hashes.length <= 1) return [];
  const split = splitPoint(hashes.length);
  const left = hashes.slice(0, split);
  const right = hashes.slice(split);
  return index < split ? [...inclusionProof(index, left), treeRoot(right)] : [...inclusionProof(index - split, right), treeRoot(left)];
}

/** The largest power of two below `size`. */
function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
