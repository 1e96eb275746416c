/**
 * Walks a chain of audit rows beside the heads that the installation signed, and says where somebody changed it.
 *
 * Whoever can write to the database can add rows, like the manager itself. They cannot change, remove, or move one that has been
 * chained without breaking the hashes after it; and to mend the hashes they would have to sign the heads again, with a key that is
 * not in the database. What is not covered by a head yet (about a minute) rests on the hashes alone.
 */
import type { AuditChainRow, AuditFinding, AuditHead, AuditVerification } from '@tidegate/contract-api';
import { GENESIS_HASH, headText, rowText, type Sha256 } from './chain.ts';
import { explainMisfits } from './moved-rows.ts';

export interface AuditTrust {
  readonly managerId: string;
  /** Key id -> raw Ed25519 public key, base64url. From a place that whoever can write to the database cannot write to. */
  readonly keys: ReadonlyMap<string, string>;
  readonly sha256: Sha256;
  /** Whether the Ed25519 signature (base64url) over the text's UTF-8 bytes is this key's. */
  readonly isSignedBy: (publicKey: string, text: string, signature: string) => boolean;
}

export interface AuditVerifier {
  /** Rows in the order of their positions, as they were read. */
  row(row: AuditChainRow): void;
  finish(): AuditVerification;
}

const MAX_FINDINGS = 100;
/** Each is tried against each, so this bounds the work on a chain that somebody ruined altogether. */
const MAX_MISFITS = 500;

interface Place {
  readonly position: number;
  readonly hash: string;
}

interface TrustedHeads {
  readonly invalid: readonly AuditHead[];
  readonly untrusted: number;
  readonly at: ReadonlyMap<number, readonly AuditHead[]>;
  readonly anchor: AuditHead | undefined;
  readonly newest: number;
}

function trustedOf(heads: readonly AuditHead[], trust: AuditTrust): TrustedHeads {
  const ours = heads.filter((head) => trust.keys.has(head.key_id));
  const isValid = (head: AuditHead): boolean =>
    trust.isSignedBy(trust.keys.get(head.key_id) ?? '', headText(trust.managerId, head), head.signature);
  const valid = ours.filter(isValid);
  const accepted = new Set(valid);
  const at = new Map<number, AuditHead[]>();
  for (const head of valid) at.set(head.position, [...(at.get(head.position) ?? []), head]);
  return {
    invalid: ours.filter((head) => !accepted.has(head)),
    untrusted: heads.length - ours.length,
    at,
    anchor: valid.filter((head) => head.kind === 'anchor').sort((a, b) => b.position - a.position)[0],
    newest: valid.reduce((newest, head) => Math.max(newest, head.position), 0),
  };
}

export function createAuditVerifier(heads: readonly AuditHead[], trust: AuditTrust): AuditVerifier {
  const { invalid, untrusted, at: headsAt, anchor, newest } = trustedOf(heads, trust);
  const findings: AuditFinding[] = invalid.map(({ position }) => ({ kind: 'head_invalid', position, until: position }));
  const find = (kind: AuditFinding['kind'], position: number, until = position): void => void findings.push({ kind, position, until });
  const misfits: AuditChainRow[] = [];
  let rows = 0;
  let first: number | null = null;
  let last: Place | null = null;
  /** The row at `last` is what its own hash says. */
  let lastFits = true;
  let signedUntil: number | null = null;
  let rewritten = false;

  const startOf = (row: AuditChainRow): Place => {
    if (row.position === 1) return { position: 0, hash: GENESIS_HASH };
    if (anchor && anchor.position < row.position) return anchor;
    find('unanchored', row.position);
    return { position: row.position - 1, hash: row.prev_hash };
  };

  const checkHeads = (row: AuditChainRow): void => {
    for (const head of headsAt.get(row.position) ?? []) {
      if (head.hash === row.hash) signedUntil = row.position;
      // Every head after the first one that differs differs as well.
      else if (!rewritten) {
        rewritten = true;
        find('rewritten', (signedUntil ?? anchor?.position ?? 0) + 1, row.position);
      }
    }
  };

  const row = (next: AuditChainRow): void => {
    rows += 1;
    first ??= next.position;
    const before: Place = last ?? startOf(next);
    if (next.position <= before.position) return find('inserted', next.position);
    const gap = next.position > before.position + 1;
    if (gap) find('removed', before.position + 1, next.position - 1);
    const fits = trust.sha256(rowText(next.prev_hash, next)) === next.hash;
    if (!fits && misfits.length < MAX_MISFITS) misfits.push(next);
    // The row remembers what the one before hashed to. When both fit themselves, the one before was replaced as a whole.
    const linked = gap || next.prev_hash === before.hash;
    if (!linked && fits && lastFits) find(last ? 'changed' : 'rewritten', last ? before.position : next.position);
    checkHeads(next);
    last = { position: next.position, hash: next.hash };
    lastFits = fits;
  };

  const finish = (): AuditVerification => {
    const end = last?.position ?? anchor?.position ?? 0;
    if (newest > end) find('truncated', end + 1, newest);
    const lookedAt = misfits.length < MAX_MISFITS ? end : (misfits.at(-1)?.position ?? end);
    findings.push(...explainMisfits(misfits, lookedAt, trust.sha256));
    findings.sort((a, b) => a.position - b.position);
    return {
      ok: findings.length === 0,
      rows,
      first_position: first,
      last_position: last?.position ?? null,
      signed_until: signedUntil,
      untrusted_heads: untrusted,
      findings: findings.slice(0, MAX_FINDINGS),
    };
  };
  return { row, finish };
}
