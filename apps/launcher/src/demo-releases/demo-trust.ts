import type { RunningAuthority } from '@tidegate/test-kit';

export const DEVICE_TYPE = 'tidegate-edge';
export const DEMO_SOURCE = { owner: 'tidegate', repo: 'tidegate-edge' } as const;
const ISSUER = 'https://token.actions.githubusercontent.com';

interface Workflow {
  readonly repository: string;
  readonly workflow: string;
  readonly repositoryId: string;
  readonly ownerId: string;
}

const workflowOf = (owner: string, repositoryId: string, ownerId: string): Workflow => ({
  repository: `https://github.com/${owner}/${DEMO_SOURCE.repo}`,
  workflow: `https://github.com/${owner}/${DEMO_SOURCE.repo}/.github/workflows/release.yml`,
  repositoryId,
  ownerId,
});

/** Who signs the demo releases, and somebody with a certificate just as genuine whom the demo's nodes do not know. */
export const DEMO_PUBLISHER = workflowOf(DEMO_SOURCE.owner, '100001', '200001');
export const STRANGER = workflowOf('not-tidegate', '100002', '200002');

/**
 * What the demo's edges have compiled in (the JSON form of TrustAnchor). It trusts the local authority of one data folder
 * only, says `demo` in every version output, and no release build can contain it.
 */
export const demoAnchor = (authority: Pick<RunningAuthority, 'trustedRoot'>): object => ({
  purpose: 'demo',
  signers: [
    {
      name: 'demo publisher',
      deviceTypes: [DEVICE_TYPE],
      issuer: ISSUER,
      workflow: DEMO_PUBLISHER.workflow,
      sourceRepository: DEMO_PUBLISHER.repository,
      sourceRepositoryId: DEMO_PUBLISHER.repositoryId,
      sourceRepositoryOwnerId: DEMO_PUBLISHER.ownerId,
      refPattern: 'refs/tags/v{version}',
      triggers: ['push'],
    },
  ],
  trustedRoot: authority.trustedRoot(),
});

/** The identity of the workflow run that "built" this version. */
export const identityOf = (signer: Workflow, version: string, revision: string) => ({
  issuer: ISSUER,
  workflow: signer.workflow,
  ref: `refs/tags/v${version}`,
  sourceRepository: signer.repository,
  sourceRepositoryId: signer.repositoryId,
  sourceRepositoryOwnerId: signer.ownerId,
  revision,
});
