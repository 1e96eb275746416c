import { deviceType } from '@tidegate/contract-manifest';
import type { TrustAnchor } from '@tidegate/domain-trust-policy';
import { PUBLIC_GOOD_ROOT } from './public-good-root.ts';

/**
 * All that this edge trusts for code. Nothing at run time can add to it: no environment variable, flag, file or message.
 * Builds for demos and tests replace this one module and say so in their version output.
 */
export const TRUST_ANCHOR: TrustAnchor = {
  purpose: 'release',
  signers: [
    {
      name: 'tidegate-release',
      deviceTypes: [deviceType.parse('tidegate-edge')],
      issuer: 'https://token.actions.githubusercontent.com',
      workflow: 'https://github.com/tidegate/tidegate/.github/workflows/release.yml',
      sourceRepository: 'https://github.com/tidegate/tidegate',
      refPattern: 'refs/tags/v{version}',
      triggers: ['push'],
    },
  ],
  trustedRoot: PUBLIC_GOOD_ROOT,
};
