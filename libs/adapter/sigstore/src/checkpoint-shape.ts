const SIGNATURE_LINE = /^\u2014 \S+ ([A-Za-z0-9+/]+={0,2})$/;
const MAX_SIGNATURES = 16;

/**
 * Why a checkpoint (C2SP signed note: origin, size, root, blank line, signatures) cannot belong to this proof, or `null`.
 * The library takes size and root from the checkpoint and leaves the proof's own copies unread; they must agree, or two
 * readers of one bundle would see two trees.
 */
export function checkpointProblem(envelope: string, proof: { readonly treeSize: string; readonly rootHash: Buffer }): string | null {
  const separator = envelope.indexOf('\n\n');
  if (separator < 0 || !envelope.endsWith('\n')) return 'checkpoint_malformed';
  const [, size, root] = envelope.slice(0, separator).split('\n');
  if (size !== proof.treeSize || root !== proof.rootHash.toString('base64')) return 'checkpoint_differs_from_proof';
  const lines = envelope.slice(separator + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return 'checkpoint_malformed';
  for (const line of lines) {
    const signature = SIGNATURE_LINE.exec(line)?.[1];
    if (signature === undefined || Buffer.from(signature, 'base64').toString('base64') !== signature) return 'checkpoint_malformed';
  }
  return null;
}
