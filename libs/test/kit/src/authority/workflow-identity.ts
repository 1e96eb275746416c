import { sign, verify } from 'node:crypto';
import type { SigningKey } from './keys.ts';

/** A run of a CI workflow, as GitHub's OIDC issuer would attest it. */
export interface WorkflowIdentity {
  /** Claimed as `iss`. The authority plays every issuer: it is a stand-in for the public one, not for its checks. */
  readonly issuer: string;
  /** Full address without the ref: https://github.com/<owner>/<name>/.github/workflows/<file>. */
  readonly workflow: string;
  readonly ref: string;
  /** https://github.com/<owner>/<name> */
  readonly sourceRepository: string;
  readonly sourceRepositoryId: string;
  readonly sourceRepositoryOwnerId: string;
  /** The commit: 40 hex digits. */
  readonly revision: string;
  readonly runner?: 'github-hosted' | 'self-hosted';
  readonly trigger?: string;
}

/** Claims by the names of GitHub's tokens: the certificate authority reads nothing else. */
export interface WorkflowClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly job_workflow_ref: string;
  readonly workflow_ref: string;
  readonly workflow_sha: string;
  readonly repository: string;
  readonly repository_id: string;
  readonly repository_owner: string;
  readonly repository_owner_id: string;
  readonly repository_visibility: string;
  readonly sha: string;
  readonly ref: string;
  readonly runner_environment: string;
  readonly event_name: string;
  readonly run_id: string;
  readonly run_attempt: string;
}

export const GITHUB = 'https://github.com/';
const AUDIENCE = 'sigstore';
const LIFETIME_SECS = 600;

const underGithub = (url: string): string => {
  if (!url.startsWith(GITHUB)) throw new Error(`not under ${GITHUB}: ${url}`);
  return url.slice(GITHUB.length);
};
const base64Json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What GitHub would claim for this run. */
export function claimsOf(identity: WorkflowIdentity, now: Date): WorkflowClaims {
  const repository = underGithub(identity.sourceRepository);
  const workflowRef = `${underGithub(identity.workflow)}@${identity.ref}`;
  const iat = Math.floor(now.getTime() / 1000);
  return {
    iss: identity.issuer,
    sub: `repo:${repository}:ref:${identity.ref}`,
    aud: AUDIENCE,
    iat,
    exp: iat + LIFETIME_SECS,
    job_workflow_ref: workflowRef,
    workflow_ref: workflowRef,
    workflow_sha: identity.revision,
    repository,
    repository_id: identity.sourceRepositoryId,
    repository_owner: repository.split('/')[0] ?? '',
    repository_owner_id: identity.sourceRepositoryOwnerId,
    repository_visibility: 'public',
    sha: identity.revision,
    ref: identity.ref,
    runner_environment: identity.runner ?? 'github-hosted',
    event_name: identity.trigger ?? 'push',
    run_id: '1',
    run_attempt: '1',
  };
}

/** A JWT (ES256) of the authority's own issuer key. */
export function makeIdentityToken(claims: WorkflowClaims, key: SigningKey): string {
  const input = `${base64Json({ alg: 'ES256', typ: 'JWT' })}.${base64Json(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Claims of a token of ours that is still valid, or `null`. */
export function readIdentityToken(token: string, key: SigningKey, now: Date): WorkflowClaims | null {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return null;
  const genuine = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!genuine) return null;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as WorkflowClaims;
  return claims.aud === AUDIENCE && claims.exp * 1000 > now.getTime() ? claims : null;
}
