import type { DeviceType } from '@tidegate/contract-manifest';

/**
 * One entry of ALLOWED_SIGNERS, compiled into the edge. Every field is compared exactly with the leaf certificate's
 * extensions (OID arc 1.3.6.1.4.1.57264.1); nothing in a message, file or environment can add an entry.
 */
export interface AllowedSigner {
  /** A short name for people and logs. */
  readonly name: string;
  readonly deviceTypes: readonly DeviceType[];
  /** .8: the OIDC issuer. */
  readonly issuer: string;
  /** The workflow, without `@ref`: SAN, .9 and .18 must equal `<workflow>@<ref>`. */
  readonly workflow: string;
  /** .12 */
  readonly sourceRepository: string;
  /** .15 and .17: numeric ids survive a renamed or re-registered repository; checked when given. */
  readonly sourceRepositoryId?: string;
  readonly sourceRepositoryOwnerId?: string;
  /** .14 and the ref in SAN: `{version}` stands for the manifest's version. Anything but this tag pattern is for test signers only. */
  readonly refPattern: 'refs/tags/v{version}' | `test:${string}`;
  /** .11; default `github-hosted`. */
  readonly runner?: 'github-hosted' | 'self-hosted';
  /** .20 must be one of these. */
  readonly triggers: readonly string[];
}

/** What an edge trusts, as compiled in. `purpose` other than `release` shows in its version output and is refused by a release build. */
export interface TrustAnchor {
  readonly purpose: 'release' | 'demo' | 'test';
  readonly signers: readonly AllowedSigner[];
  /** Sigstore `trusted_root.json`, as an object. */
  readonly trustedRoot: unknown;
}
