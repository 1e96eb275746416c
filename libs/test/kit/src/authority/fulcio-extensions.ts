import { element, TAG } from './der.ts';
import { GITHUB, type WorkflowClaims } from './workflow-identity.ts';
import type { CertificateExtension } from './x509.ts';

const ARC = '1.3.6.1.4.1.57264.1.';

/**
 * What Fulcio writes for a GitHub workflow (its docs/oid-info.md): .1 to .6 are the old ones, raw text without a DER tag;
 * .8 and above are UTF8String.
 */
export function fulcioExtensions(claims: WorkflowClaims): CertificateExtension[] {
  const repository = `${GITHUB}${claims.repository}`;
  const raw: Record<number, string> = {
    1: claims.iss,
    2: claims.event_name,
    3: claims.sha,
    4: 'Release',
    5: claims.repository,
    6: claims.ref,
  };
  const tagged: Record<number, string> = {
    8: claims.iss,
    9: `${GITHUB}${claims.job_workflow_ref}`,
    10: claims.workflow_sha,
    11: claims.runner_environment,
    12: repository,
    13: claims.sha,
    14: claims.ref,
    15: claims.repository_id,
    16: `${GITHUB}${claims.repository_owner}`,
    17: claims.repository_owner_id,
    18: `${GITHUB}${claims.workflow_ref}`,
    19: claims.workflow_sha,
    20: claims.event_name,
    21: `${repository}/actions/runs/${claims.run_id}/attempts/${claims.run_attempt}`,
    22: claims.repository_visibility,
  };
  return [
    ...Object.entries(raw).map(([arc, text]) => ({ oid: ARC + arc, value: Buffer.from(text) })),
    ...Object.entries(tagged).map(([arc, text]) => ({ oid: ARC + arc, value: element(TAG.utf8String, Buffer.from(text)) })),
  ];
}
