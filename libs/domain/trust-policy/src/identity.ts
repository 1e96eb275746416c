/**
 * Who signed, as the certificate authority attested it: fields of the leaf certificate's extensions under Fulcio's arc
 * 1.3.6.1.4.1.57264.1 (the number of each stands beside it). A field is `null` when the certificate does not carry it,
 * and then equals nothing: an absent attestation never passes for a match.
 */
export interface CertificateIdentity {
  /** The one URI in the subject alternative name: `<workflow>@<ref>`. */
  readonly san: string;
  /** .8 */
  readonly issuer: string | null;
  /** .9: the workflow that really ran the signing steps, with its ref. */
  readonly buildSigner: string | null;
  /** .11 */
  readonly runner: string | null;
  /** .12 */
  readonly sourceRepository: string | null;
  /** .13: the commit. */
  readonly sourceRevision: string | null;
  /** .14 */
  readonly sourceRef: string | null;
  /** .15 */
  readonly sourceRepositoryId: string | null;
  /** .17 */
  readonly sourceRepositoryOwnerId: string | null;
  /** .18: the workflow that was triggered, with its ref. */
  readonly buildConfig: string | null;
  /** .20 */
  readonly trigger: string | null;
}

/** The arcs, in one place for the reader of certificates, the local authority and the docs. */
export const IDENTITY_OIDS = {
  issuer: '1.3.6.1.4.1.57264.1.8',
  buildSigner: '1.3.6.1.4.1.57264.1.9',
  runner: '1.3.6.1.4.1.57264.1.11',
  sourceRepository: '1.3.6.1.4.1.57264.1.12',
  sourceRevision: '1.3.6.1.4.1.57264.1.13',
  sourceRef: '1.3.6.1.4.1.57264.1.14',
  sourceRepositoryId: '1.3.6.1.4.1.57264.1.15',
  sourceRepositoryOwnerId: '1.3.6.1.4.1.57264.1.17',
  buildConfig: '1.3.6.1.4.1.57264.1.18',
  trigger: '1.3.6.1.4.1.57264.1.20',
} as const satisfies Record<Exclude<keyof CertificateIdentity, 'san'>, string>;
