import { z } from 'zod';
import { line } from '@tidegate/contract-protocol';

const time = z.iso.datetime({ offset: true });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const position = z.int().min(1);

const auditFilter = {
  /** Exact, as shown. */
  actor: line(200).min(1).optional(),
  /** Exact, or the beginning of several up to a dot: `node.upgrade` finds `node.upgrade.request`. */
  action: z
    .string()
    .regex(/^[a-z][a-z_.]{0,63}$/)
    .optional(),
  target_kind: z
    .string()
    .regex(/^[a-z][a-z_]{0,31}$/)
    .optional(),
  target_id: line(200).min(1).optional(),
  address: line(64).min(1).optional(),
  from: time.optional(),
  to: time.optional(),
};

export const listAudit = z.strictObject({
  ...auditFilter,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
export type ListAudit = z.output<typeof listAudit>;

/** CSV is for people and takes the filters. NDJSON is for `tidegate audit verify`: the whole chain with its signed heads. */
export const exportAudit = z
  .strictObject({ ...auditFilter, format: z.enum(['csv', 'ndjson']).default('ndjson') })
  .refine((query) => query.format === 'csv' || Object.values(query).filter((value) => value !== undefined).length === 1, {
    path: ['format'],
    message: 'ndjson takes no filter: a chain with holes proves nothing',
  });
export type ExportAudit = z.output<typeof exportAudit>;

export const auditEntryView = z.object({
  /** Its place in the chain; null in the moment before it is chained. */
  position: position.nullable(),
  /** With microseconds: this text is what is hashed. */
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  target_kind: z.string(),
  target_id: z.string(),
  address: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
export type AuditEntryView = z.infer<typeof auditEntryView>;
export const auditPage = z.object({ items: z.array(auditEntryView), next_cursor: z.string().nullable() });
export type AuditPage = z.infer<typeof auditPage>;

/** A row with its place in the chain: `hash` covers the canonical JSON of the row and `prev_hash`. */
export const auditChainRow = auditEntryView.extend({ position, prev_hash: sha256, hash: sha256 });
export type AuditChainRow = z.infer<typeof auditChainRow>;

/**
 * Signed by the installation's key. `head`: the chain up to `position` hashes to `hash`. `anchor`: and the rows up to there were
 * removed by retention; the chain goes on from this hash.
 */
export const auditHead = z.object({
  kind: z.enum(['head', 'anchor']),
  position,
  hash: sha256,
  signed_at: z.iso.datetime(),
  /** First 16 hexadecimal digits of the public key's SHA-256. */
  key_id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Ed25519, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type AuditHead = z.infer<typeof auditHead>;

/** Raw Ed25519 public key, base64url. */
export const auditKey = z.object({
  key_id: auditHead.shape.key_id,
  public_key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  created_at: z.iso.datetime(),
});
export const auditKeyList = z.object({ items: z.array(auditKey), newest_head: auditHead.nullable() });
export type AuditKeyList = z.infer<typeof auditKeyList>;

/** A line of the NDJSON export: a header, rows and heads by position, and an end; without its end an export was cut off. */
export const auditExportLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('audit_export'), format: z.literal(1), manager_id: z.uuid(), exported_at: z.iso.datetime() }),
  auditChainRow.extend({ type: z.literal('row') }),
  auditHead.extend({ type: z.literal('head') }),
  z.object({ type: z.literal('audit_export_end'), rows: z.int().min(0) }),
]);
export type AuditExportLine = z.infer<typeof auditExportLine>;

/**
 * `changed`: the row is not what was chained. `removed`: rows from `position` to `until` are missing. `inserted`: a row that the chain
 * does not hold. `reordered`: the row stood elsewhere. `truncated`: a signed head covers rows after the last one. `rewritten`: the rows are
 * consistent in themselves, but not what was signed; the change lies between `position` and `until`. `head_invalid`: a head by a trusted
 * key whose signature does not verify. `unanchored`: the chain does not begin at 1 nor at a signed anchor.
 */
export const AUDIT_FINDINGS = [
  'changed',
  'removed',
  'inserted',
  'reordered',
  'truncated',
  'rewritten',
  'head_invalid',
  'unanchored',
] as const;
export const auditFinding = z.object({ kind: z.enum(AUDIT_FINDINGS), position, until: position });
export type AuditFinding = z.infer<typeof auditFinding>;

export const auditVerification = z.object({
  ok: z.boolean(),
  /** Rows looked at. */
  rows: z.int().min(0),
  first_position: position.nullable(),
  last_position: position.nullable(),
  /** The last position that a trusted key signed and that is what was signed. Rows after it wait for the next head. */
  signed_until: position.nullable(),
  /** Heads by keys that were not given as trusted; they prove nothing. */
  untrusted_heads: z.int().min(0),
  /** The first hundred. */
  findings: z.array(auditFinding),
});
export type AuditVerification = z.infer<typeof auditVerification>;

/** An audit row as a SIEM gets it; with its hashes, so that the reader can check the chain by itself. */
export const siemAuditRow = auditChainRow.omit({ at: true }).extend({ cursor: z.string(), time: z.string() });
export type SiemAuditRow = z.infer<typeof siemAuditRow>;
export const siemAuditPage = z.object({ items: z.array(siemAuditRow), next_cursor: z.string() });
export type SiemAuditPage = z.infer<typeof siemAuditPage>;
