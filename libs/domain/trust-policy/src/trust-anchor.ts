import type { AllowedSigner, TrustAnchor } from './signer.ts';

/**
 * The canonical text whose sha256 is a node's `trust_fingerprint`: allowlist and root, with sorted keys and no white
 * space. Nodes with the same fingerprint accept the same releases. `purpose` is left out: it changes what a build may
 * contain, not whom it trusts.
 */
export const trustFingerprintText = (anchor: TrustAnchor): string =>
  canonicalJson({ signers: anchor.signers, trusted_root: anchor.trustedRoot });

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

/**
 * What is wrong with an anchor, for builds and tests to refuse it before it ships; empty when it may be used.
 * The verifying library reads a missing start of validity as "since ever", so a key without one is a fault here.
 */
export function trustAnchorProblems(anchor: TrustAnchor): string[] {
  return [...signerProblems(anchor), ...trustedRootProblems(anchor.trustedRoot)];
}

function signerProblems({ purpose, signers }: TrustAnchor): string[] {
  const problems: string[] = [];
  if (signers.length === 0) problems.push('no signer is allowed');
  const seen = new Set<string>();
  for (const signer of signers) {
    if (purpose === 'release' && signer.refPattern !== 'refs/tags/v{version}') {
      problems.push(`signer ${signer.name}: a release trusts version tags only`);
    }
    if (signer.workflow.includes('@')) problems.push(`signer ${signer.name}: the workflow carries a ref`);
    if (signer.triggers.length === 0) problems.push(`signer ${signer.name}: no trigger is allowed`);
    if (signer.deviceTypes.length === 0) problems.push(`signer ${signer.name}: no device type`);
    // matchSigner answers with the first match, so one identity in two entries would hide the second's device types.
    const identity = identityKey(signer);
    if (seen.has(identity)) problems.push(`signer ${signer.name}: the same identity stands twice`);
    seen.add(identity);
  }
  return problems;
}

const identityKey = (signer: AllowedSigner): string =>
  JSON.stringify([signer.issuer, signer.workflow, signer.refPattern, signer.runner ?? 'github-hosted']);

/** The build's lint over Sigstore's `trusted_root.json`: every list is filled and every key and CA says since when it counts. */
export function trustedRootProblems(root: unknown): string[] {
  const problems: string[] = [];
  const lists = { certificateAuthorities: 'validFor', timestampAuthorities: 'validFor', tlogs: 'publicKey', ctlogs: 'publicKey' } as const;
  for (const [list, holder] of Object.entries(lists)) {
    const entries = member(root, list);
    if (!Array.isArray(entries) || entries.length === 0) {
      // Only Rekor v2 entries need timestamps; a root without an authority for them simply refuses those.
      if (list !== 'timestampAuthorities') problems.push(`${list}: empty`);
      continue;
    }
    entries.forEach((entry, index) => {
      const validity = holder === 'publicKey' ? member(member(entry, 'publicKey'), 'validFor') : member(entry, 'validFor');
      const start = member(validity, 'start');
      if (typeof start !== 'string' || Number.isNaN(Date.parse(start))) problems.push(`${list}[${index}]: no start of validity`);
    });
  }
  return problems;
}

const member = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
