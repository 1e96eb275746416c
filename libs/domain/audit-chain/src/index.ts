export { createAuditVerifier, type AuditTrust, type AuditVerifier } from './audit-verifier.ts';
export { canonicalJson, type Json } from './canonical-json.ts';
export { chainRows, GENESIS_HASH, headText, rowText, type ChainedRow, type Sha256 } from './chain.ts';
