import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { loadCertificateAuthority, type CertificateAuthority, type CertificateFaults } from './certificate-authority.ts';
import { loadKeys, type Keys, type SigningKey } from './keys.ts';
import { TransparencyLog } from './transparency-log.ts';
import { claimsOf, makeIdentityToken, type WorkflowIdentity } from './workflow-identity.ts';

export interface AuthorityOptions {
  /** Keys, certificates and logs; a second start on the same folder is the same authority. One process at a time. */
  readonly dataDir: string;
  readonly now?: () => Date;
}

/** Certificate authority, CT log, transparency log and token issuer in one process, without the HTTP in front. */
export interface Authority {
  readonly keys: Keys;
  readonly certificates: CertificateAuthority;
  readonly log: TransparencyLog;
  readonly now: () => Date;
  /** Sigstore `trusted_root.json`; the same for every start on the same folder, whatever the port. */
  trustedRoot(): object;
  identityToken(identity: WorkflowIdentity): string;
  /** DER of a leaf without asking for a token: for tests, which may also spoil it. */
  issueCertificate(publicKey: KeyObject, identity: WorkflowIdentity, faults?: CertificateFaults): Buffer;
}

/** Names, not addresses: they stand in signed checkpoints and must outlive a port. */
const LOG_NAME = 'log.tidegate.localhost';
const CT_NAME = 'ct.tidegate.localhost';
const CA_NAME = 'ca.tidegate.localhost';

export function openAuthority({ dataDir, now = () => new Date() }: AuthorityOptions): Authority {
  const keys = loadKeys(dataDir);
  const log = new TransparencyLog(join(dataDir, 'transparency-log.jsonl'), keys.transparencyLog, LOG_NAME);
  const ctLog = new TransparencyLog(join(dataDir, 'ct-log.jsonl'), keys.ctLog, CT_NAME);
  const certificates = loadCertificateAuthority(dataDir, keys, now, (tbs) => ctLog.append(tbs, now()));
  return {
    keys,
    certificates,
    log,
    now,
    trustedRoot: () => trustedRoot(keys, certificates),
    identityToken: (identity) => makeIdentityToken(claimsOf(identity, now()), keys.issuer),
    issueCertificate: (publicKey, identity, faults) => certificates.issue(publicKey, claimsOf(identity, now()), faults),
  };
}

function trustedRoot(keys: Keys, certificates: CertificateAuthority): object {
  const validFor = { start: certificates.validFrom.toISOString() };
  const log = (name: string, key: SigningKey) => ({
    baseUrl: `https://${name}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: key.spki.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: key.keyId.toString('base64') },
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(LOG_NAME, keys.transparencyLog)],
    certificateAuthorities: [
      {
        subject: { organization: 'tidegate local authority', commonName: 'root' },
        uri: `https://${CA_NAME}`,
        certChain: {
          certificates: [certificates.intermediate, certificates.root].map((der) => ({ rawBytes: der.toString('base64') })),
        },
        validFor,
      },
    ],
    ctlogs: [log(CT_NAME, keys.ctLog)],
    timestampAuthorities: [],
  };
}
